"""The machine underneath: its clocks, its boot, its locks, its service manager."""
