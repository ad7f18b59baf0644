"""AWS Secrets Manager, with IAM for those who may read."""
