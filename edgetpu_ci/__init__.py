"""Honest benchmarks of TFLite and Coral Edge TPU models in continuous integration."""

__version__ = "0.1.0"
