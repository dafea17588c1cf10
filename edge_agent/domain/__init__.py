"""Floor 0: the words and rules of the gate. Pure: no I/O, no clock, no threads."""
