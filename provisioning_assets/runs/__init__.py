"""One environment during one run."""
