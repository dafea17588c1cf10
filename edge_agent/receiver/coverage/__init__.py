"""When a press would have been recorded at a gate, for certain."""
