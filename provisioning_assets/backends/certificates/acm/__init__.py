"""AWS Certificate Manager: certificates that lie in one region of an account, whose keys it never gives away."""
