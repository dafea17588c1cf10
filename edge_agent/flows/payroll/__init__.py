"""Between the ledger and payroll: send, be confirmed, obey, and say how the gate is."""
