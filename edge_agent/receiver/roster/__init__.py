"""Payroll's list of workers: read from a file, published, and heard."""
