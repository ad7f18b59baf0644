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

variable "cidr" {
  description = "Address range of the VPC; a /16 leaves room for every subnet."
  type        = string
}
