"""Amazon CloudWatch, with SNS and SQS for routes and SSM for the registry of probes."""
