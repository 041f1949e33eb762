"""Bringing the whole history of a store into a database of time series, in order, once."""
