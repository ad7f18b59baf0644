variable "name" {
  description = "Prefix of the names."
  type        = string

  validation {
    condition     = length(var.name) <= 200 && !startswith(var.name, "sg-")
    error_message = "Expected at most 200 characters that do not begin with sg-: security groups are named after it."
  }
}

variable "cidr" {
  description = "Address range of the VPC."
  type        = string

  # A subnet is a sixteenth of it, and AWS takes none below /28.
  validation {
    condition = try(
      cidrnetmask(var.cidr) != "" && cidrsubnet(var.cidr, 0, 0) == var.cidr &&
      contains(range(16, 25), tonumber(split("/", var.cidr)[1])),
      false
    )
    error_message = "Expected the first address of an IPv4 range from /16 to /24, such as 10.20.0.0/16."
  }
}
