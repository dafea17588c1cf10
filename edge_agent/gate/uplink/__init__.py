"""Between the ledger and payroll: send, be confirmed, obey, say how the gate is."""
