variable "name" {
  description = "Name of the service."
  type        = string
}

variable "cluster" {
  description = "ARN of the cluster that runs it."
  type        = string
}

variable "image" {
  description = "Container image. Deployment brings later ones; Terraform does not change it back."
  type        = string
}

variable "role" {
  description = "ARN of the role of its tasks."
  type        = string
}

variable "subnets" {
  description = "Subnets that its tasks run in."
  type        = list(string)
}

variable "security_group" {
  description = "Security group of its tasks."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which its container logs are kept."
  type        = number
}

variable "region" {
  description = "Region of its logs."
  type        = string
}
