# What holds data: a bucket for files, a table for sessions; a database and a queue where they are enabled.

module "assets" {
  source = "../../modules/bucket"

  name = "${local.prefix}-assets"
  key  = var.networking.key
}

module "sessions" {
  source = "../../modules/table"

  name = "${local.prefix}-sessions"
}

module "database" {
  source = "../../modules/database"
  count  = var.enable_database ? 1 : 0

  name         = local.prefix
  vpc          = var.networking.vpc_id
  subnets      = var.networking.private_subnets
  client_group = var.networking.service_group
  key          = var.networking.key
}

module "jobs" {
  source = "../../modules/queue"
  count  = var.enable_queue ? 1 : 0

  name = "${local.prefix}-jobs"
}
