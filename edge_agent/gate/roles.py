"""Who may use which command: the one table, for the daemon, a command without one, help and docs.

Whoever is not in it with a role of theirs is refused; root and the gate's own user may all. A new
command needs its row.
"""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a person is to the gate. Who has which is said by groups of the system."""

    TECHNICIAN = "technician"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"


Roles = frozenset[Role]

ALL: Roles = frozenset(Role)
NO_ROLE: Roles = frozenset()

GROUPS: Mapping[Role, str] = {role: f"edge-agent-{role}" for role in Role}
"""The groups where ``[roles]`` of the settings names no others."""

ONLY_LOOKS = "edge-agent-display"
"""The user of the gate's display, who has no role, whatever its groups. It shows a page to a
browser, perhaps to a network: whoever got hold of it must not enrol a finger or void a punch."""

ANYBODY = None
"""No role is asked for: who may open the socket, or the files, may do this."""

_TECHNICIAN: Roles = frozenset({Role.TECHNICIAN})
_SUPERVISOR: Roles = frozenset({Role.SUPERVISOR})
_AT_THE_GATE: Roles = frozenset({Role.TECHNICIAN, Role.SUPERVISOR})
_TAKES_ALONG: Roles = frozenset({Role.TECHNICIAN, Role.AUDITOR})

MAY: Mapping[str, Roles | None] = {
    "audit list": ALL,
    "carry in": _AT_THE_GATE,
    "carry out": _AT_THE_GATE,
    "config check": ANYBODY,
    "consent list": ALL,
    "consent print": _AT_THE_GATE,
    "consent record": _AT_THE_GATE,
    "consent withdraw": _AT_THE_GATE,
    "credentials add": _TECHNICIAN,
    "credentials allow": _SUPERVISOR,
    "credentials disallow": _SUPERVISOR,
    "credentials list": ALL,
    "credentials qr": _TECHNICIAN,
    "credentials remove": _AT_THE_GATE,
    "demo": ANYBODY,
    "display": ANYBODY,
    "doctor": ANYBODY,
    "enroll": _TECHNICIAN,
    "identify": _AT_THE_GATE,
    "ledger backup": _TECHNICIAN,
    "ledger export": _TAKES_ALONG,
    "ledger readable": _TECHNICIAN,
    "ledger verify": ALL,
    "metrics": ANYBODY,
    "panel demo": _TECHNICIAN,
    "prints health": _AT_THE_GATE,
    "prints list": ALL,
    "prints remove": _TECHNICIAN,
    "privacy dossier": ALL,
    "privacy methods": ALL,
    "privacy erased": _AT_THE_GATE,
    "privacy answer": _AT_THE_GATE,
    "privacy certificate": ALL,
    "privacy overdue": ALL,
    "privacy report": ALL,
    "privacy request": _AT_THE_GATE,
    "privacy requests": ALL,
    "privacy retention": ALL,
    "privacy verify": ANYBODY,
    "punches add": _SUPERVISOR,
    "punches list": ALL,
    "punches void": _SUPERVISOR,
    "retire": _TECHNICIAN,
    "run": ANYBODY,
    "sensor adopt": _TECHNICIAN,
    "sensor image": _TECHNICIAN,
    "sensor info": _TECHNICIAN,
    "setup": ANYBODY,
    "simulate": ANYBODY,
    "status": ANYBODY,
    "support": _TECHNICIAN,
    "templates backup": _TECHNICIAN,
    "templates destroyed": _AT_THE_GATE,
    "templates list": ALL,
    "templates lost": _AT_THE_GATE,
    "templates reseal": _TECHNICIAN,
    "templates restore": _TECHNICIAN,
    "upgrade": ANYBODY,
    "watch": ANYBODY,
    "workers activate": _TECHNICIAN,
    "workers add": _TECHNICIAN,
    "workers deactivate": _TECHNICIAN,
    "workers export": _TAKES_ALONG,
    "workers forget": _AT_THE_GATE,
    "workers import": _TECHNICIAN,
    "workers leave": _AT_THE_GATE,
    "workers list": ALL,
    "workers merge": ANYBODY,
    "workers rename": _TECHNICIAN,
    "workers show": ALL,
}
"""Command as it is typed → the roles of which one is needed. Payroll's own, ``receive …``, are not
the gate's."""


def may(roles: Roles, command: str) -> bool:
    """Whether somebody with these roles may use a command. KeyError: it has no row."""
    needed = MAY[command]
    return needed is None or bool(needed & roles)


def in_order(roles: Roles) -> list[Role]:
    """Roles as people are told them."""
    return [role for role in Role if role in roles]
