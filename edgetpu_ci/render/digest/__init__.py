"""The digest of a week: what is said of it, once, and how Markdown and HTML write that."""
