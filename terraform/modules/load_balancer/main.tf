# An application load balancer with the target group of the service; HTTP is sent on to HTTPS.

resource "aws_lb" "this" {
  name                       = var.name
  load_balancer_type         = "application"
  subnets                    = var.subnets
  security_groups            = [var.security_group]
  drop_invalid_header_fields = true
}

resource "aws_lb_target_group" "this" {
  name        = var.name
  vpc_id      = var.vpc
  target_type = "ip"
  protocol    = "HTTP"
  port        = 8080

  health_check {
    path    = "/healthz"
    matcher = "200"
  }
}

# The HTTPS listener needs the certificate: it belongs to a stage after `certificates`.
resource "aws_lb_listener" "redirect" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTP"
  port              = 80

  default_action {
    type = "redirect"

    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_vpc_security_group_ingress_rule" "redirect" {
  security_group_id = var.security_group
  description       = "HTTP from everywhere, answered with a redirect"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80

  tags = { Name = "${var.name}-redirect" }
}
