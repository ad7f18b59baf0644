variable "networking" {
  description = "The contract of the networking stage."
  type = object({
    vpc_id          = string
    private_subnets = list(string)
    service_group   = string
    key             = string
  })
}

variable "enable_database" {
  description = "Bring up a PostgreSQL instance."
  type        = bool
  default     = false
}

variable "enable_queue" {
  description = "Bring up a queue, with another one for what could not be worked off."
  type        = bool
  default     = false
}
