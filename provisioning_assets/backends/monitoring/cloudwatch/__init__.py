"""Amazon CloudWatch, with SNS and SQS for the routes and SSM for the probes' registry."""
