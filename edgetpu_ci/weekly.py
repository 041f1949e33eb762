"""The digest of a week: gathered, said, and said again in the same place."""
