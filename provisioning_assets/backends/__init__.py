"""Back ends: one product a file, behind the protocol of its kind."""
