variable "engagement" {
  description = "Name of the engagement; part of every resource's name."
  type        = string
}

variable "environment" {
  description = "Name of the environment; part of every resource's name."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

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
