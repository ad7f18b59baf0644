variable "name" {
  description = "Name of the cluster."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,255}$", var.name))
    error_message = "Expected at most 255 letters, digits, - and _."
  }
}
