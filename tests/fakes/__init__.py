"""Stand-ins for the outside, handed in as a World."""
