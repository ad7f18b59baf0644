variable "name" {
  description = "Name of the role."
  type        = string
}

variable "service" {
  description = "AWS service that may assume it."
  type        = string
}

variable "policies" {
  description = "Inline policies, name to JSON. The role has exactly these."
  type        = map(string)
}
