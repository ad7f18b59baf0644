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
  type        = object({ key = string })
}
