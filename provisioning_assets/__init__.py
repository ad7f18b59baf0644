"""Provision a client's production environment, and prove it before the launch."""
