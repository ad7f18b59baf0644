variable "domain" {
  description = "Domain of the zone."
  type        = string
}

variable "networking" {
  description = "The contract of the networking stage."
  type = object({
    vpc_id         = string
    public_subnets = list(string)
    edge_group     = string
  })
}

variable "enable_load_balancer" {
  description = "Bring up a load balancer in front of the service."
  type        = bool
  default     = false
}

variable "enable_cdn" {
  description = "Bring up a CloudFront distribution in front of `www`."
  type        = bool
  default     = false
}
