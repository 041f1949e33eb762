"""What the reports of other tools say of the code: coverage, tests, lint, types and weaknesses."""
