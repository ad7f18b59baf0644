output "contract" {
  description = "What later stages may rely on."
  value = {
    vpc_id             = module.network.vpc_id
    public_subnets     = module.network.public_subnets
    private_subnets    = module.network.private_subnets
    edge_group         = module.network.edge_group
    service_group      = module.network.service_group
    service_role       = module.service_role.arn
    key                = module.key.arn
    availability_zones = module.network.availability_zones
  }
}
