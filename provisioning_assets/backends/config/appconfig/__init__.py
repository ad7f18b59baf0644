"""Hosted documents of AWS AppConfig."""
