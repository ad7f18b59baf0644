module "network" {
  source = "../modules/network"

  name = "demo-shop-staging"
  cidr = "10.20.0.0/16"
}
