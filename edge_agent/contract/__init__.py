"""What gate and payroll share: entries and their chain, times, people, messages, errors."""
