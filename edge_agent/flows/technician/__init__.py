"""What technicians and supervisors ask for, with a daemon or without one."""
