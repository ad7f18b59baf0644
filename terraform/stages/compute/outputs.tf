output "contract" {
  description = "What later stages and deployment may rely on."
  value = {
    registry = module.registry.url
    cluster  = module.cluster.name
    service  = module.app.name
  }
}
