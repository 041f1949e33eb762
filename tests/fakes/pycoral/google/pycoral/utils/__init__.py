"""What the benchmark needs of it."""
