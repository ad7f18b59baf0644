variable "name" {
  description = "Name of the queue."
  type        = string

  # A queue's name ends at 80 characters; the other one's has -dead after it.
  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,75}$", var.name))
    error_message = "Expected at most 75 letters, digits, - and _."
  }
}
