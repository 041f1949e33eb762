"""The package of the same name on the package index, which is about coral reefs."""
