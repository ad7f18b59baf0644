module "cluster" {
  source = "../modules/cluster"

  name = "demo-shop-staging"
}
