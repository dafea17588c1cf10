"""A database that is not whole: find out, save what can be proved, write it down for people."""
