"""``python -m edge_agent``: the command line."""

from .cli import main

main(prog_name="edge-agent")
