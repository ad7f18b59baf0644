"""The sandbox: real servers on loopback ports, so that everything can be tried without a cloud account."""
