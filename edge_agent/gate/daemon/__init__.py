"""The process: its threads and who looks after them, start and stop, the parts it is made of."""
