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
