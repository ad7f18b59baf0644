"""What changes by calendar or by hand."""
