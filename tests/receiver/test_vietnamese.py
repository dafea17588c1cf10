"""Where Vietnamese is asked for, no command of payroll's answers in English."""

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.cli.receive import receive
from edge_agent.receiver.store import PayrollStore
from tests.english import english
from tests.test_spoken import commands

LEAVES = commands(receive, "receive")

WHO = ("--actor", "VP01", "--reason", "x")
MONTH = ("--month", "2026-10")

ASKED: dict[str, list[tuple[str, ...]]] = {
    "carry in": [
        ("people.csv", "--receipts", "x.receipts"),
        ("absent", "--receipts", "x.receipts"),
        ("people.csv",),
    ],
    "close": [
        *((*MONTH, *WHO, *more) for more in ((), ("--force",), ("--supplement",), ())),
        ("--month", "11/2026", *WHO),
    ],
    "closings": [()],
    "correct add": [("NV1", "2026-11-23T07:00", *WHO), ("NV1", "x", *WHO)],
    "correct choose": [("x", "1", *MONTH, *WHO)],
    "correct import": [("people.csv",), ("broken.xlsx",)],
    "correct keep": [("x", *MONTH, *WHO)],
    "correct list": [()],
    "correct move": [("x", "1", "--direction", "in", *WHO), ("x", "1", *WHO)],
    "correct undo": [("1", *WHO), ("99", *WHO)],
    "correct void": [("x", "1", *WHO)],
    "coverage": [
        ("--gate", "g", "--from", "2026-11-23", "--to", "2026-11-24"),
        ("--gate", "g", "--from", "2026-11-24", "--to", "2026-11-23"),
        ("--gate", "g", "--from", "x", "--to", "y"),
        ("--gate", "g", "--from", "x", "--to", "y", "--zone", "Mars"),
    ],
    "diff": [MONTH, (*MONTH, "--since", "x"), (*MONTH, "--supplement", "7")],
    "export": [
        (*MONTH, "--output", "month.xlsx"),
        (*MONTH, "--format", "csv", "--output", "month.doc"),
        (*MONTH, "--output", "month.xlsx"),
        (*MONTH, "--format", "attlog", "--output", "month.dat"),
        ("--month", "x"),
        ("--from", "2026-11-30", "--to", "1/11/2026"),
    ],
    "leave add": [("NV1", "P", "2026-11-23", *WHO), ("NV1", "Q", "2026-11-23", *WHO)],
    "leave import": [("people.csv", *WHO), ("broken.xlsx", *WHO)],
    "leave list": [()],
    "leave remove": [("1", *WHO)],
    "roster forget": [("NV1",), ("NV1",)],
    "roster import": [
        ("people.csv", "--version", "1", "--dry-run"),
        ("wrong.csv", "--version", "1", "--dry-run"),
        ("broken.xlsx", "--version", "1"),
        ("people.csv", "--version", str(2**60)),
    ],
    "roster show": [(), ("--json",)],
    "settle": [MONTH],
    "sheet": [(*MONTH, "--output", "sheet.xlsx"), (*MONTH, "--team", "chè", "--output", "s.xlsx")],
    "shifts import": [("shifts.toml",), ("people.csv",), ("wrong.toml",)],
    "shifts show": [(), ("--output", "s.doc")],
    "site import": [
        (name, *WHO) for name in ("shifts.toml", "people.csv", "kind.toml", "cut.toml")
    ],
    "site show": [()],
    "retention": [(), ("--json",), ("--years", "5")],
    "stolen": [("main-gate",)],
    "key new": [("new.key",), ("new.key",)],
    "key show": [("new.key",), ("people.csv",)],
}
"""Command → arguments that can be done, and that cannot, in the order in which they are tried."""

FILES = {
    "people.csv": "code,name\nNV1,Hoa\n",
    "wrong.csv": "code,name,active,valid_from\n7,\ufffd,x,y\nNV1,Hoa,,\nNV1,Hoa,,\n",
    "broken.xlsx": "no workbook",
    "shifts.toml": '[[shift]]\ncode = "HC"\nbegin = "06:00"\nend = "18:00"\n',
    "kind.toml": 'day_hours = "8"\n',
    "cut.toml": 'unit = "HTX',
    "wrong.toml": '[[shift]]\ncode = "HC"\nbegin = "x"\nnoon = "12:00"\n',
}


def said(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["--lang", "vi", *arguments])


def forget_help(path: tuple[str, ...]) -> None:
    """What click keeps of --help is of the language that a test before has spoken."""
    command: click.Command | None = receive
    for name in (*path[1:], ""):
        vars(command)["_help_option"] = None
        if isinstance(command, click.Group) and name:
            command = command.get_command(click.Context(command), name)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a database that nothing has come into, and the files of a clerk."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text, encoding="utf-8")
    PayrollStore("payroll.db").close()


@pytest.mark.usefixtures("here")
def test_no_command_answers_in_english() -> None:
    for command, ways in ASKED.items():
        for arguments in ways:
            done = said("receive", *command.split(), *arguments)
            told = done.output.replace("(from)", "")  # The English title of a column.
            assert "--json" in arguments or english(told) == [], (command, arguments)
            assert not isinstance(done.exception, Exception), (command, arguments, done.exception)


def test_every_command_is_tried() -> None:
    groups = {"", "carry", "correct", "leave", "roster", "shifts", "site", "key"}
    assert {" ".join(path[1:]) for path in LEAVES} - groups == ASKED.keys()


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_no_help_is_english(path: tuple[str, ...]) -> None:
    forget_help(path)
    done = said(*path, "--help")
    assert (done.exit_code, english(done.output)) == (0, [])
    done = said(*path, "--no-such-option")
    assert (done.exit_code, english(done.output)) == (2, [])


@pytest.mark.parametrize(
    ("arguments", "spoken"),
    [
        (("receive", "roster", "show"), True),
        (("receive", "export", "--month", "x"), True),
        (("receive", "key", "show", "people.csv"), False),
        (("receive", "--database", "/nowhere/x.db"), False),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_clerk_is_answered_in_vietnamese_whatever_the_machine_speaks(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], spoken: bool
) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    done = CliRunner().invoke(main, list(arguments))
    assert done.output
    assert (english(done.output) == []) is spoken


def test_when_it_was_is_told_by_the_clock_on_the_wall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Payroll notes its own time in UTC: of an early morning that is the day before."""
    early = "2026-11-30T23:30:00.000Z"
    where = ["--database", str(tmp_path / "payroll.db")]
    with closing(PayrollStore(where[1])) as store:
        store.apply_roster(b'{"version": 7, "workers": [{"code": "NV1", "name": "Lan"}]}', early)
    closed = SimpleNamespace(
        period=SimpleNamespace(name="2026-11"),
        number=0,
        who=SimpleNamespace(made_at=early, actor="VP01", reason="x"),
        workers=[],
        left=[],
    )
    monkeypatch.setattr("edge_agent.cli.receive_close.every_closing", lambda database: [closed])
    for asked, told in ((["roster", "show"], "01/12/2026 06:30:00"), (["closings"], "01/12/2026")):
        done = CliRunner().invoke(main, ["--lang", "vi", "receive", *asked, *where])
        assert (done.exit_code, told in done.output) == (0, True), done.output


def test_the_spans_of_a_gate_are_told_as_people_write_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ["--database", str(tmp_path / "payroll.db")]
    PayrollStore(where[1]).close()
    monkeypatch.setattr(
        "edge_agent.cli.receive_office.gate_coverage",
        lambda database, gate, first, last, drift: [
            SimpleNamespace(begin_ms=first, end_ms=last, cover=SimpleNamespace(value="yes"))
        ],
    )
    asked = ["--gate", "g", "--from", "2026-11-23T06:00", "--to", "2026-11-24T06:00"]
    done = CliRunner().invoke(main, ["--lang", "vi", "receive", "coverage", *asked, *where])
    assert "23/11/2026 06:00:00  24/11/2026 06:00:00" in done.output
