"""A touch of the glass, from the finger to the lamp: when to look, whose it is, what it counts."""
