"""Key performance indicators from rows: pure, each as its published definition says."""
