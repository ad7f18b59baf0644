module "table" {
  source = "../modules/table"

  name = "demo-shop-staging-sessions"
}
