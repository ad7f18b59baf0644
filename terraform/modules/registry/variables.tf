variable "name" {
  description = "Name of the repository."
  type        = string

  validation {
    condition     = contains(range(2, 257), length(var.name)) && can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.name))
    error_message = "Expected 2 to 256 lower-case letters and digits, with single -, _, . and / between them."
  }
}
