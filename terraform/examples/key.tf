module "key" {
  source = "../modules/key"

  name = "demo-shop-staging"
}
