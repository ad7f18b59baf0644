module "role" {
  source = "../modules/role"

  name    = "demo-shop-staging-service"
  service = "ecs-tasks.amazonaws.com"
  policies = {
    configuration = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = "ssm:GetParametersByPath"
        Resource = "arn:aws:ssm:eu-central-1:*:parameter/demo_shop/staging/config/*"
      }]
    })
  }
}
