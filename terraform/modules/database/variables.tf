variable "name" {
  description = "Name of the resource."
  type        = string
}

variable "vpc" {
  description = "VPC of its security group."
  type        = string
}

variable "subnets" {
  description = "Private subnets that it lies in."
  type        = list(string)
}

variable "client_group" {
  description = "Security group that may connect."
  type        = string
}

variable "key" {
  description = "ARN of the KMS key that encrypts its storage."
  type        = string
}

variable "engine_version" {
  description = "Major version of PostgreSQL."
  type        = string
  default     = "16"
}

variable "instance_class" {
  description = "Size of the instance."
  type        = string
  default     = "db.t4g.small"
}

variable "storage" {
  description = "Storage in GiB."
  type        = number
  default     = 20
}
