output "contract" {
  description = "What the DNS records stand on."
  value = merge(
    {
      zone         = var.domain
      zone_id      = module.zone.id
      name_servers = module.zone.name_servers
    },
    { for each in module.load_balancer : "load_balancer" => { name = each.dns_name, zone_id = each.zone_id, target_group = each.target_group } },
    { for each in module.cdn : "cdn" => { name = each.domain_name, zone_id = each.zone_id } },
  )
}
