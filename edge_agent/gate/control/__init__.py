"""The control socket: JSON lines between the commands and the daemon."""
