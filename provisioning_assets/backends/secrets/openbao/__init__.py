"""OpenBao, and HashiCorp Vault, which has the same API."""
