"""What the store knows as metrics of Prometheus and OpenMetrics: names, families, and the text that is scraped."""
