"""What is built on and given away: dependencies, security and the package on its index, decided from what was read."""
