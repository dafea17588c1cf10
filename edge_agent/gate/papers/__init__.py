"""What the gate tells of what it holds about workers: lists, and papers to be printed."""
