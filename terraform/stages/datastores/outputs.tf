output "contract" {
  description = "What later stages may rely on."
  value = {
    assets_bucket  = module.assets.name
    sessions_table = module.sessions.name
  }
}
