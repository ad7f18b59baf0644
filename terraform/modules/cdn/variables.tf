variable "name" {
  description = "What the distribution is called in its comment."
  type        = string

  validation {
    condition     = length(var.name) <= 128
    error_message = "Expected at most 128 characters."
  }
}

variable "origin" {
  description = "Host name that it fetches from by HTTPS."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+[.][A-Za-z0-9-]+$", var.origin))
    error_message = "Expected a host name alone, such as www.example.com, without scheme, port or path."
  }
}
