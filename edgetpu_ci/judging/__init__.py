"""From measurements to verdicts: comparing, what is demanded, and what is said. Pure."""
