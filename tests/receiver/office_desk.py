"""A clerk at a database that gates have filled, for the tests of the office."""

import json
import shlex
from contextlib import closing
from typing import Any

from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.contract.messages import RosterWorker
from edge_agent.receiver.roster.known_workers import know_workers
from edge_agent.receiver.store import PayrollStore

from .test_effects import AT, Ledger

ACTOR = ["--actor", "office-1"]
WHO = [*ACTOR, "--reason", "x"]


class Desk:
    """Commands of ``receive``, on one database."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.language = "en"

    def take(self, *ledgers: Ledger, at: str = AT) -> None:
        """Entries arrive."""
        with closing(PayrollStore(self.database)) as store:
            for ledger in ledgers:
                store.take(ledger.arrivals, at)

    def know(self, *codes: str) -> None:
        """A roster names these."""
        with closing(PayrollStore(self.database)) as store:
            workers = [RosterWorker(code=code, name=f"Tên {code}") for code in codes]
            know_workers(store._database, workers)

    def receive(self, *arguments: str) -> Result:
        asked = ["--lang", self.language, "receive", *arguments, "--database", self.database]
        return CliRunner().invoke(main, asked)

    def done(self, *arguments: str) -> str:
        """What a command says that succeeds."""
        told = self.receive(*arguments)
        assert told.exit_code == 0, told.output
        return told.output

    def refused(self, *arguments: str) -> str:
        """What a command says that cannot be carried out."""
        told = self.receive(*arguments)
        assert told.exit_code == 65, told.output
        return told.output

    def json(self, *arguments: str) -> Any:
        return json.loads(self.receive(*arguments, "--json").stdout)

    def items(self, month: str = "2026-11") -> list[dict[str, Any]]:
        """What is left to decide."""
        told = self.receive("settle", "--month", month, *ACTOR, "--json")
        items: list[dict[str, Any]] = json.loads(told.stdout)["items"]
        assert told.exit_code == (1 if items else 0)
        return items

    def kinds(self, month: str = "2026-11") -> list[str]:
        return [item["kind"] for item in self.items(month)]

    def follow(self, command: str) -> None:
        """Copy a command from the list, and run it."""
        program, *words = shlex.split(command)
        assert program == "edge-agent"
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, (command, done.output)
