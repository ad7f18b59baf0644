"""What has to hold across the keys of an engagement file."""
