"""Sticks that are lost, doubled, old, brought in any order, cut off or altered: whatever comes,
payroll has each entry once, and the gate believes no more than payroll has.
"""

from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from edge_agent import cli
from edge_agent.contract.errors import BadRequest
from edge_agent.receiver.carried import carry_in
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.store import PayrollStore
from tests.gate.ledger.ledgers import append, later, open_store, punch
from tests.receiver.running import rows

STEPS = 40


class Season:
    """A gate, payroll, and a drawer full of sticks."""

    def __init__(self, folder: Path, random: Random) -> None:
        self._folder, self._random = folder, random
        self._entries: list[Path] = []
        self._receipts: list[Path] = []
        self._number = 0
        self._options = ReceiverOptions(database=str(folder / "payroll.db"))
        self._config = folder / "edge-agent.toml"
        self._config.write_text(
            '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "c.sock"\n'
        )
        open_store(folder).close()
        PayrollStore(self._options.database).close()

    def _file(self) -> Path:
        self._number += 1
        return self._folder / f"{self._number}.stick"

    def _command(self, *words: str) -> int:
        return CliRunner().invoke(cli.main, [*words, "--config", str(self._config)]).exit_code

    def press(self) -> None:
        self._number += 1
        with closing(open_store(self._folder)) as store:
            append(store, punch(f"NV{self._number:04}"), later(1000 * self._number))

    def out(self) -> None:
        file = self._file()
        assert self._command("carry", "out", str(file)) == 0
        self._entries += [file] * file.exists()

    def to_payroll(self) -> None:
        """Some stick or other, perhaps for the second time, perhaps spoilt on the way."""
        if not self._entries:
            return
        brought = [self._spoilt(self._random.choice(self._entries)) for _ in range(2)]
        receipts = self._file()
        with suppress(BadRequest):
            carry_in(self._options, brought, receipts)
            self._receipts += [receipts] * receipts.exists()

    def home(self) -> None:
        if self._receipts:
            before = self.confirmed
            self._command("carry", "in", str(self._spoilt(self._random.choice(self._receipts))))
            assert self.confirmed >= before

    def _spoilt(self, file: Path) -> Path:
        content = file.read_bytes()
        at = self._random.randrange(len(content) - 1)
        match self._random.randrange(5):
            case 0:
                content = content[:at]
            case 1:
                content = content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]
            case _:
                return file
        other = self._file()
        other.write_bytes(content)
        return other

    @property
    def confirmed(self) -> int:
        with closing(open_store(self._folder)) as store:
            return store.watermarks().confirmed

    def held(self) -> list[tuple[int, bytes]]:
        if not (self._folder / "payroll.db").exists():
            return []
        return rows(self._folder / "payroll.db", "SELECT seq, wire FROM entries ORDER BY seq")

    def check(self) -> None:
        with closing(open_store(self._folder)) as store:
            written = [(entry.seq, entry.wire) for entry in store.entries(1, 1_000_000)]
        held = self.held()
        assert set(held) <= set(written)
        assert len(held) == len(set(held))
        assert [seq for seq, _ in held[: self.confirmed]] == list(range(1, self.confirmed + 1))

    def end(self) -> None:
        """A last stick that nothing happens to."""
        self.out()
        if self._entries:
            receipts = self._file()
            carry_in(self._options, [self._entries[-1]], receipts)
            self._command("carry", "in", str(receipts))
        with closing(open_store(self._folder)) as store:
            assert self.confirmed == store.tail().seq == len(self.held())


@pytest.mark.parametrize(
    "seed", [*range(2), *(pytest.param(n, marks=pytest.mark.long) for n in range(2, 100))]
)
def test_a_season_of_sticks(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    season = Season(tmp_path, random)
    for _ in range(STEPS):
        random.choice((season.press, season.press, season.out, season.to_payroll, season.home))()
        season.check()
    season.end()
