"""Runbooks: Markdown files that say, and do, what an alert calls for."""
