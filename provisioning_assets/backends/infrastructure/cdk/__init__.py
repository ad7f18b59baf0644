"""AWS CDK: a Python app is synthesized, and CloudFormation plans and applies its stack."""
