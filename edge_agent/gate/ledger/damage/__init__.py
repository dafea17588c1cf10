"""A database that is not whole: found, proved entry by entry, and kept readable."""
