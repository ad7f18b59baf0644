"""Prometheus with Alertmanager, the Pushgateway and the blackbox exporter, run by files and reloads."""
