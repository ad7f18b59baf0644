"""Probes: what an outsider sees, whatever product is behind it. Resolvers, TLS, mail policies, alert routing."""
