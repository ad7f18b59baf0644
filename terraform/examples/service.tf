module "service" {
  source = "../modules/service"

  name               = "demo-shop-staging-app"
  cluster            = module.cluster.arn
  image              = "${module.registry.url}:bootstrap"
  role               = module.role.arn
  subnets            = module.network.private_subnets
  security_group     = module.network.service_group
  log_retention_days = 30
  region             = "eu-central-1"
}
