"""The machine: clocks, its identity, the lock, logs, the service manager."""
