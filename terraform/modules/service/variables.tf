variable "name" {
  description = "Name of the service."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.name))
    error_message = "Expected at most 255 letters, digits, - and _."
  }
}

variable "cluster" {
  description = "ARN of the cluster that runs it."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:ecs:[^:]+:[0-9]{12}:cluster/", var.cluster))
    error_message = "Expected the ARN of an ECS cluster, such as arn:aws:ecs:eu-central-1:123456789012:cluster/shop."
  }
}

variable "image" {
  description = "Container image. Deployment brings later ones; Terraform does not change it back."
  type        = string

  validation {
    condition     = can(regex("^[^ ]+(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})$", var.image)) && !strcontains(var.image, "://")
    error_message = "Expected an image with a tag or digest and no scheme, such as registry.example/shop:1.0."
  }
}

variable "role" {
  description = "ARN of the role of its tasks."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/", var.role))
    error_message = "Expected the ARN of a role, such as arn:aws:iam::123456789012:role/shop."
  }
}

variable "subnets" {
  description = "Subnets that its tasks run in."
  type        = list(string)

  validation {
    condition     = length(var.subnets) >= 1
    error_message = "Expected at least one subnet."
  }
}

variable "security_group" {
  description = "Security group of its tasks."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which its container logs are kept; 0 is for ever."
  type        = number

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days
    )
    error_message = "Expected a period that CloudWatch knows: 7, 14, 30, 60, 90, 180, 365, or another of its own."
  }
}

variable "region" {
  description = "Region of its logs."
  type        = string
}
