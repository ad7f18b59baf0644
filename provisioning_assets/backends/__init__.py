"""Back ends: one product per file, behind the protocol of its kind."""
