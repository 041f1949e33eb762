"""A stand-in TFLite runtime for any Python, without numpy: the model's file name says how it behaves."""

__version__ = "0.0.1"
