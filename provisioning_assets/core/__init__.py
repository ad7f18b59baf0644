"""What is pure: plans, the one algorithm, digests, evidence, items. No input or output, no Dagster, no vendor."""
