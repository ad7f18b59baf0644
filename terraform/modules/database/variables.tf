variable "name" {
  description = "Name of the instance."
  type        = string

  validation {
    condition     = length(var.name) <= 63 && can(regex("^[a-z](-?[a-z0-9])*$", var.name))
    error_message = "Expected at most 63 lower-case letters, digits and single hyphens, a letter first, no hyphen last."
  }
}

variable "vpc" {
  description = "VPC of its security group."
  type        = string
}

variable "subnets" {
  description = "Private subnets that it lies in."
  type        = list(string)

  validation {
    condition     = length(var.subnets) >= 2
    error_message = "Expected at least two subnets, in two availability zones: the standby lies in the other one."
  }
}

variable "client_group" {
  description = "Security group that may connect."
  type        = string
}

variable "key" {
  description = "ARN of the KMS key that encrypts its storage."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[^:]+:[0-9]{12}:key/", var.key))
    error_message = "Expected the ARN of a KMS key, arn:aws:kms:…:key/…, not its ID or alias."
  }
}

variable "engine_version" {
  description = "Major version of PostgreSQL."
  type        = string
  default     = "16"

  validation {
    condition     = can(regex("^[1-9][0-9]([.][0-9]+)?$", var.engine_version))
    error_message = "Expected a major version of PostgreSQL, such as 16, or one with its minor version, such as 16.4."
  }
}

variable "instance_class" {
  description = "Size of the instance."
  type        = string
  default     = "db.t4g.small"

  validation {
    condition     = can(regex("^db[.][a-z0-9-]+[.](micro|small|medium|([0-9]*x)?large)$", var.instance_class))
    error_message = "Expected an instance class of RDS, such as db.t4g.small or db.m7g.2xlarge."
  }
}

variable "storage" {
  description = "Storage in GiB."
  type        = number
  default     = 20

  validation {
    condition     = floor(var.storage) == var.storage && var.storage >= 20 && var.storage <= 65536
    error_message = "Expected whole GiB, 20 to 65536."
  }
}
