"""Floor 3: what the gate does. Flows know ports, never adapters."""
