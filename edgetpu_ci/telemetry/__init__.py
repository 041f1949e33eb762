"""Sending metrics, logs and spans to those who keep them: within a deadline, and saying what was lost."""
