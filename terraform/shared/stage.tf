# What every stage has, by a link to this file: whose it is, where its state lies, and its resources' names and tags.

variable "engagement" {
  description = "Name of the engagement; part of every resource's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_-]*$", var.engagement))
    error_message = "Expected lower-case letters, digits, _ and -, a letter first, such as demo_shop."
  }
}

variable "environment" {
  description = "Name of the environment; part of every resource's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_-]*$", var.environment))
    error_message = "Expected lower-case letters, digits, _ and -, a letter first, such as staging."
  }

  # A bucket's name ends at 63 characters, a role's at 64; ours end with -assets and -service.
  validation {
    condition     = length(var.engagement) + length(var.environment) <= 55
    error_message = "Expected at most 55 characters in the names of engagement and environment together."
  }
}

variable "region" {
  description = "AWS region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]+$", var.region))
    error_message = "Expected the code of an AWS region, such as eu-central-1."
  }
}

locals {
  prefix = replace("${var.engagement}-${var.environment}", "_", "-")
  stage  = basename(abspath(path.root))
}

terraform {
  # Which bucket and key is said at init: the same root serves every environment.
  backend "s3" {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Engagement  = var.engagement
      Environment = var.environment
      Stage       = local.stage
      ManagedBy   = "terraform"
    }
  }
}
