"""The configuration of Prometheus, Alertmanager, Grafana and what runs them, from `edgetpu-ci.yml`. Pure."""
