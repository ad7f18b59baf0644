variable "name" {
  description = "Name of the resource."
  type        = string
}

variable "key" {
  description = "ARN of the KMS key that encrypts its objects."
  type        = string
}
