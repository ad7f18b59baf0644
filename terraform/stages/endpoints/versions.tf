terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }

  # Which bucket and key is said at init: the same root serves every environment.
  backend "s3" {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Engagement  = var.engagement
      Environment = var.environment
      Stage       = "endpoints"
      ManagedBy   = "terraform"
    }
  }
}
