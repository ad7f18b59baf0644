output "vpc_id" {
  value = aws_vpc.this.id
}

output "public_subnets" {
  value = [for subnet in aws_subnet.public : subnet.id]
}

output "private_subnets" {
  value = [for subnet in aws_subnet.private : subnet.id]
}

output "edge_group" {
  value = aws_security_group.edge.id
}

output "service_group" {
  value = aws_security_group.service.id
}

output "availability_zones" {
  value = local.zones
}
