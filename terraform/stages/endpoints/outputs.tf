output "contract" {
  description = "What the DNS records stand on."
  value = {
    zone         = var.domain
    zone_id      = module.zone.id
    name_servers = module.zone.name_servers
  }
}
