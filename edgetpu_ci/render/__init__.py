"""Renderings: a report as people and programs read it, each a pure function of it."""
