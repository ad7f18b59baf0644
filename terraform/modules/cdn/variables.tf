variable "name" {
  description = "What the distribution is called in its comment."
  type        = string
}

variable "origin" {
  description = "Host name that it fetches from by HTTPS."
  type        = string
}
