output "contract" {
  description = "What later stages may rely on."
  value = merge(
    {
      assets_bucket  = module.assets.name
      sessions_table = module.sessions.name
    },
    { for database in module.database : "database" => database.address },
    { for jobs in module.jobs : "jobs_queue" => jobs.url },
  )
}
