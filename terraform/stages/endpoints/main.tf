module "zone" {
  source = "../../modules/zone"

  name = var.domain
}
