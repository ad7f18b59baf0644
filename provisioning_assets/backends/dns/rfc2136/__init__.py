"""RFC 2136: name servers that take dynamic updates, such as BIND and Knot."""
