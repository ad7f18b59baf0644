locals {
  prefix = replace("${var.engagement}-${var.environment}", "_", "-")
}

module "assets" {
  source = "../../modules/bucket"

  name = "${local.prefix}-assets"
  key  = var.networking.key
}

module "sessions" {
  source = "../../modules/table"

  name = "${local.prefix}-sessions"
}
