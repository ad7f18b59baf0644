module "bucket" {
  source = "../modules/bucket"

  name = "demo-shop-staging-assets"
  key  = module.key.arn
}
