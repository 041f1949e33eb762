"""The digest of a week, from what the store knows: pure."""
