# A CloudFront distribution that fetches from one host by HTTPS.

resource "aws_cloudfront_distribution" "this" {
  comment = var.name
  enabled = true

  origin {
    origin_id   = "origin"
    domain_name = var.origin

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id       = "origin"
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    viewer_protocol_policy = "redirect-to-https"
    compress               = true

    forwarded_values {
      query_string = false

      cookies {
        forward = "none"
      }
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  # The domain's own certificate comes with a stage after `certificates`.
  viewer_certificate {
    cloudfront_default_certificate = true
  }

  # With the default certificate this is the server's choice, not ours.
  lifecycle {
    ignore_changes = [viewer_certificate[0].ssl_support_method]
  }
}
