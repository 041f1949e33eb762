"""Asking services over HTTP: within a budget, patiently, and no longer than a deadline."""
