"""`provisioning`, the command line."""
