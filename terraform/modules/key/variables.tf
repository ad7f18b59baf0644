variable "name" {
  description = "Name of its alias."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9/_-]{1,250}$", var.name)) && !startswith(var.name, "aws/")
    error_message = "Expected at most 250 letters, digits, /, _ and -, without alias/ before them; aws/ is reserved."
  }
}
