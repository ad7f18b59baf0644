module "zone" {
  source = "../modules/zone"

  name = "staging.demo-shop.example"
}
