"""The embedded cloud: real servers on loopback ports, so that the whole pipeline can be tried without an account."""
