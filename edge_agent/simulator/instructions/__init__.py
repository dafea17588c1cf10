"""What the simulated sensor does for each instruction."""
