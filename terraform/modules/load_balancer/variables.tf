variable "name" {
  description = "Name of the load balancer and of its target group."
  type        = string

  validation {
    condition     = length(var.name) <= 32 && can(regex("^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$", var.name))
    error_message = "Expected at most 32 letters, digits and hyphens, no hyphen at either end."
  }

  validation {
    condition     = !startswith(var.name, "internal-")
    error_message = "Expected a name that does not begin with internal-, which AWS keeps for its own."
  }
}

variable "vpc" {
  description = "VPC of its targets."
  type        = string
}

variable "subnets" {
  description = "Public subnets that it lies in."
  type        = list(string)

  validation {
    condition     = length(var.subnets) >= 2
    error_message = "Expected at least two subnets, in two availability zones."
  }
}

variable "security_group" {
  description = "Security group that the internet reaches."
  type        = string
}
