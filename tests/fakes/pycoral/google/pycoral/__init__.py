"""A layer over a TFLite runtime, of the shape of Google's package."""
