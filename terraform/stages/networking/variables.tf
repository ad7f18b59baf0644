variable "cidr" {
  description = "Address range of the VPC, /16 to /24; a /16 leaves room for every subnet."
  type        = string
}
