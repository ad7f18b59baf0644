# What runs the service: its registry, its cluster, and the service itself, which deployment fills.

module "registry" {
  source = "../../modules/registry"

  name = "${local.prefix}/app"
}

module "cluster" {
  source = "../../modules/cluster"

  name = local.prefix
}

module "app" {
  source = "../../modules/service"

  name               = "${local.prefix}-app"
  cluster            = module.cluster.arn
  image              = "${module.registry.url}:bootstrap"
  role               = var.networking.service_role
  subnets            = var.networking.private_subnets
  security_group     = var.networking.service_group
  log_retention_days = var.log_retention_days
  region             = var.region
}
