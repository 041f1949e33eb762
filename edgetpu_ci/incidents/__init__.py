"""Incidents: from what runs observed to what is to be said, across runs. Pure."""
