"""What a stranger sees, whatever product is behind it: resolvers, TLS, mail policies, alert routing."""
