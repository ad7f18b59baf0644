"""OpenBao, and HashiCorp Vault, whose API it shares."""
