"""Requests that need only the store, asked of a gate without a sensor."""

from typing import Any

from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.people.handlers import Dispatcher
from edge_agent.gate.people.requests import Request


def ask(gate: Recorder, request: Request, actor: str = "uid:0") -> dict[str, Any]:
    """What the request comes to."""
    none: Any = None
    return Dispatcher(gate, none, none, none, none, none).carry_out(request, None, none, actor)
