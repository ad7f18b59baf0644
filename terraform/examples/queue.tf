module "queue" {
  source = "../modules/queue"

  name = "demo-shop-staging-jobs"
}
