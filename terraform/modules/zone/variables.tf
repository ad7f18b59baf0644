variable "name" {
  description = "Domain of the zone."
  type        = string

  validation {
    condition = length(var.name) <= 253 && alltrue([
      for label in split(".", var.name) : can(regex("^[a-z0-9_]([a-z0-9-]{0,61}[a-z0-9])?$", label))
    ]) && strcontains(var.name, ".")
    error_message = "Expected a domain in lower case with no dot at its end, such as example.com."
  }
}
