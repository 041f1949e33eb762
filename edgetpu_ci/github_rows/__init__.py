"""Rows of what happened in a repository, as GitHub tells them: read once, then only what is new."""
