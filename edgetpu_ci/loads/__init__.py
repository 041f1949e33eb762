"""What the loads share under which a model is measured: where it runs, in turns with what, and what disturbed it."""
