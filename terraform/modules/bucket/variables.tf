variable "name" {
  description = "Name of the bucket; no other account in the world has one of this name."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.name))
    error_message = "Expected 3 to 63 lower-case letters, digits, - and ., a letter or digit at both ends."
  }
}

variable "key" {
  description = "ARN of the KMS key that encrypts its objects."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[^:]+:[0-9]{12}:key/", var.key))
    error_message = "Expected the ARN of a KMS key, arn:aws:kms:…:key/…, not its ID or alias."
  }
}
