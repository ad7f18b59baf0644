variable "log_retention_days" {
  description = "Days for which container logs are kept."
  type        = number
  default     = 30
}

variable "networking" {
  description = "The contract of the networking stage."
  type = object({
    private_subnets = list(string)
    service_group   = string
    service_role    = string
  })
}
