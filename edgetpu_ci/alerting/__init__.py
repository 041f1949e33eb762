"""Doing what incidents decide: the book in the store, what is said, acknowledged and escalated."""
