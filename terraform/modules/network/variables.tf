variable "name" {
  description = "Prefix of the names."
  type        = string
}

variable "cidr" {
  description = "Address range of the VPC."
  type        = string
}
