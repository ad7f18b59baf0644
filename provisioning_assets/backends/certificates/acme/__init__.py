"""ACME (RFC 8555): certificates for names that are proven, with certbot's `acme` library."""
