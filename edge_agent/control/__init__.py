"""The control socket: newline-delimited JSON between ``edge-agent`` commands and the daemon."""
