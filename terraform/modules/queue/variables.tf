variable "name" {
  description = "Name of the resource."
  type        = string
}
