"""Orchestration: the only room that knows Dagster, besides the command line."""
