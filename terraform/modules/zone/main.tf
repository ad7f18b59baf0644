# A Route 53 zone.

resource "aws_route53_zone" "this" {
  name    = var.name
  comment = "Records are published by the dns_records asset"
}
