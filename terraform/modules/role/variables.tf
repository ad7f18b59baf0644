variable "name" {
  description = "Name of the role."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.name))
    error_message = "Expected at most 64 letters, digits and _+=,.@-."
  }
}

variable "service" {
  description = "AWS service that may assume it."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9.-]+[.]amazonaws[.]com([.]cn)?$", var.service))
    error_message = "Expected the principal of an AWS service, such as ecs-tasks.amazonaws.com."
  }
}

variable "policies" {
  description = "Inline policies, name to JSON. The role has exactly these."
  type        = map(string)

  validation {
    condition     = alltrue([for policy in values(var.policies) : can(jsondecode(policy))])
    error_message = "Expected a policy in JSON under each name: jsonencode writes one."
  }

  validation {
    condition = length(join("", [
      for policy in values(var.policies) : try(jsonencode(jsondecode(policy)), "")
    ])) <= 10240
    error_message = "Expected policies of at most 10240 characters together: AWS takes no more of one role."
  }
}
