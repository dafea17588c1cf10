"""Floor 4: the daemon: activities, supervision, status."""
