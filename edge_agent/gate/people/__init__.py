"""What technicians and supervisors ask for: workers, prints, templates; and payroll's roster."""
