"""What is typed for the daemon of a machine: of a service, or of one that was started by hand."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.contract.language import LANGUAGES, Message
from edge_agent.gate.host import service
from tests import catalogues

COMMANDS: dict[str, tuple[Callable[[], str | Message], str, str]] = {
    "starting": (service.starting, "sudo systemctl start edge-agent", "edge-agent run"),
    "starting for good": (
        lambda: service.starting(for_good=True),
        "sudo systemctl enable --now edge-agent",
        "edge-agent run",
    ),
    "stopping": (service.stopping, "sudo systemctl stop edge-agent", "Ctrl+C where it runs"),
    "stopping for good": (
        lambda: service.stopping(for_good=True),
        "sudo systemctl disable --now edge-agent",
        "Ctrl+C where it runs",
    ),
    "restarting": (
        service.restarting,
        "sudo systemctl restart edge-agent",
        "Ctrl+C where it runs, then edge-agent run",
    ),
    "copying": (
        service.copying,
        "sudo systemctl enable --now edge-agent-backup.timer",
        "edge-agent ledger backup /media/stick",
    ),
    "copying again": (
        service.copying_again,
        "sudo systemctl start edge-agent-backup",
        "edge-agent ledger backup /media/stick",
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_typed_is_what_starts_this_daemon(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, of_service, by_hand = COMMANDS[name]
    monkeypatch.setattr(service, "_UNITS", (str(tmp_path),))
    assert str(command()) == by_hand
    (tmp_path / "edge-agent.service").touch()
    assert str(command()) == of_service


OF_THE_SERVICE = {
    "the log of the service, where it is one": {"doctor.log-of-service", "doctor.log-of-refused"},
    "said by the service, or of its unit": {
        *("rights.below-alone", "doctor.service-joins-group-do"),
        "doctor.service-writes-elsewhere-do",
    },
    "an upgrade is the service manager's": {
        *("upgrade.under-way", "upgrade.returned", "upgrade.stays", "upgrade.not-ended"),
    },
    "payroll's receiver, told for a service and for one that was started by hand": {
        *("payroll.database-in-use", "payroll.database-missing-service"),
    },
    "an example in a manual of what is installed": {"example.panel-demo", "example.run"},
}
"""Messages that name a unit of ours, and why each may: nobody reads it of a daemon that was started
by hand."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_other_message_names_a_unit_of_ours(language: str) -> None:
    ours = re.compile(r"(systemctl|journalctl)[^;,]* edge-agent|systemctl edit \{unit\}")
    found = {
        name
        for name, texts in catalogues.words(language).items()
        if not name.startswith("meant.") and any(map(ours.search, texts))
    }
    assert found == set().union(*OF_THE_SERVICE.values())
