"""The table of command and role: what each may, spelled out, and nothing beside it."""

import pytest

from edge_agent.gate.people import requests
from edge_agent.gate.people.handlers import HANDLERS
from edge_agent.gate.people.requests import Request
from edge_agent.gate.people.templates import requests as sealed_requests
from edge_agent.gate.roles import ALL, MAY, NO_ROLE, Role, Roles, may

LOOKS = {
    *("config check", "doctor", "privacy verify", "status", "watch"),
    *("demo", "display", "metrics", "run", "setup", "simulate", "upgrade", "workers merge"),
}
READS = {
    "audit list",
    *("consent list", "credentials list", "ledger verify", "prints list", "punches list"),
    *("templates list", "workers list", "workers show"),
    *("privacy certificate", "privacy dossier", "privacy methods", "privacy overdue"),
    *("privacy report", "privacy requests", "privacy retention"),
}
BY_ROLE: dict[Roles, set[str]] = {
    NO_ROLE: LOOKS,
    frozenset({Role.AUDITOR}): LOOKS | READS | {"ledger export", "workers export"},
    frozenset({Role.SUPERVISOR}): LOOKS
    | READS
    | {"punches add", "punches void", "identify", "prints health"}
    | {"consent print", "consent record", "consent withdraw", "workers leave"}
    | {"privacy answer", "privacy request"}
    | {"carry in", "carry out", "privacy erased", "templates destroyed", "workers forget"}
    | {"templates lost"}
    | {"credentials allow", "credentials disallow", "credentials remove"},
    frozenset({Role.TECHNICIAN}): MAY.keys()
    - {"punches add", "punches void", "credentials allow", "credentials disallow"},
    ALL: set(MAY),
}


@pytest.mark.parametrize("command", MAY)
@pytest.mark.parametrize("roles", BY_ROLE, ids=lambda roles: "+".join(sorted(roles)) or "none")
def test_what_each_role_may(roles: Roles, command: str) -> None:
    assert may(roles, command) is (command in BY_ROLE[roles])


def test_each_request_belongs_to_a_command() -> None:
    modules = (requests, sealed_requests)
    kinds = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    asked = {kind for kind in kinds if issubclass(kind, Request)} - {Request}
    assert asked > HANDLERS.keys()
    assert {kind.command for kind in asked} <= MAY.keys()


def test_what_changes_the_gate_asks_for_a_role() -> None:
    assert [kind for kind in HANDLERS if MAY[kind.command] is None] == []
