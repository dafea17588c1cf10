"""Floor 4: the daemon. Assembly (the one place that picks adapters), activities, supervision."""

from .run import run_daemon

__all__ = ["run_daemon"]
