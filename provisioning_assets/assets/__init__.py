"""The assets of an engagement, each with its readiness items beside it."""
