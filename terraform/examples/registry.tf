module "registry" {
  source = "../modules/registry"

  name = "demo-shop-staging/app"
}
