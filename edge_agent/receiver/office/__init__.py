"""What a clerk does: a month as a file, and corrections."""
