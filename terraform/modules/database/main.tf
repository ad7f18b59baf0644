# A PostgreSQL instance in two availability zones, reached by one security group, whose password RDS keeps.

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnets
}

resource "aws_security_group" "this" {
  name        = "${var.name}-database"
  description = "What only the service reaches"
  vpc_id      = var.vpc

  tags = { Name = "${var.name}-database" }
}

resource "aws_vpc_security_group_ingress_rule" "service" {
  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = var.client_group
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432

  tags = { Name = "${var.name}-database" }
}

resource "aws_db_instance" "this" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = var.engine_version
  instance_class = var.instance_class
  db_name        = "app"
  username       = "app"

  # RDS makes the password and keeps it in Secrets Manager: it is never in a variable, a plan or the state.
  manage_master_user_password = true

  allocated_storage       = var.storage
  storage_encrypted       = true
  kms_key_id              = var.key
  db_subnet_group_name    = aws_db_subnet_group.this.name
  vpc_security_group_ids  = [aws_security_group.this.id]
  multi_az                = true
  backup_retention_period = 7

  deletion_protection       = true
  final_snapshot_identifier = "${var.name}-final"
}
