"""``edge-agent`` and ``python -m edge_agent``: the command line."""

import sys

from . import __version__


def main() -> None:
    """Answer --version without loading what commands need, for scripts ask it at each start."""
    if sys.argv[1:] == ["--version"]:
        print(f"edge-agent, version {__version__}")
        return
    from .cli import main as command_line

    command_line(prog_name="edge-agent")


if __name__ == "__main__":
    main()
