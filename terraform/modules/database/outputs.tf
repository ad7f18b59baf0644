output "address" {
  value = aws_db_instance.this.address
}

output "name" {
  value = aws_db_instance.this.identifier
}
