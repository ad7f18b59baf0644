module "cdn" {
  source = "../modules/cdn"

  name   = "demo-shop-staging"
  origin = "www.staging.demo-shop.example"
}
