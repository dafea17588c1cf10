"""Another version of the program in the place of the one that runs, and back where it does not."""
