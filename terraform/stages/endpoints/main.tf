# What the public meets: the zone of the domain; a load balancer and a CDN where they are enabled.

module "zone" {
  source = "../../modules/zone"

  name = var.domain
}

module "load_balancer" {
  source = "../../modules/load_balancer"
  count  = var.enable_load_balancer ? 1 : 0

  name           = local.prefix
  vpc            = var.networking.vpc_id
  subnets        = var.networking.public_subnets
  security_group = var.networking.edge_group
}

module "cdn" {
  source = "../../modules/cdn"
  count  = var.enable_cdn ? 1 : 0

  name   = local.prefix
  origin = "www.${var.domain}"
}
