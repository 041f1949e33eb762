"""Logs: what happened in this process, as JSON, a line each, where the configuration says events of each level go."""
