"""Slack's Block Kit as plain values: messages within all limits, in which foreign text stays text."""
