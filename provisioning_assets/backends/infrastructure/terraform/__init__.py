"""Terraform: plans, applies and reads one stage."""
