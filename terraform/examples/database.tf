module "database" {
  source = "../modules/database"

  name         = "demo-shop-staging"
  vpc          = module.network.vpc_id
  subnets      = module.network.private_subnets
  client_group = module.network.service_group
  key          = module.key.arn
}
