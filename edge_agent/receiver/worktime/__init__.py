"""What presses mean for worked time: shifts, sessions, and what only a person can know."""
