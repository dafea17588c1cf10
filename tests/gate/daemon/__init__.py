"""The daemon, without its processes."""
