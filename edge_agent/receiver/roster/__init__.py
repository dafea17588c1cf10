"""Payroll's list of workers."""
