"""The desired side: `engagement.yaml` as frozen, validated models."""
