variable "name" {
  description = "Name of the resource; 32 characters at most."
  type        = string
}

variable "vpc" {
  description = "VPC of its targets."
  type        = string
}

variable "subnets" {
  description = "Public subnets that it lies in."
  type        = list(string)
}

variable "security_group" {
  description = "Security group that the internet reaches."
  type        = string
}
