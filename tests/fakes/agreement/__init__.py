"""The same alerts decided twice, by our evaluator and by Prometheus, over timelines of reports that are drawn."""
