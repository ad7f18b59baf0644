# What everything else lies in: the network, the role of the service's tasks, and the key that encrypts data.

module "network" {
  source = "../../modules/network"

  name = local.prefix
  cidr = var.cidr
}

module "service_role" {
  source = "../../modules/role"

  name    = "${local.prefix}-service"
  service = "ecs-tasks.amazonaws.com"
  policies = {
    configuration = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["ssm:GetParametersByPath", "ssm:GetParameter"]
        Resource = "arn:aws:ssm:${var.region}:*:parameter/${var.engagement}/${var.environment}/config/*"
      }]
    })
  }
}

module "key" {
  source = "../../modules/key"

  name = local.prefix
}
