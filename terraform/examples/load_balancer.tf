module "load_balancer" {
  source = "../modules/load_balancer"

  name           = "demo-shop-staging"
  vpc            = module.network.vpc_id
  subnets        = module.network.public_subnets
  security_group = module.network.edge_group
}
