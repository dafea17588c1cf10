"""The register of what workers ask for: asked, due, done, and what is overdue."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edge_agent import cli
from edge_agent.contract.errors import BadRequest
from edge_agent.gate.people.requests import CloseClaim, OpenClaim
from tests.gate.fakes import Site

from .asking import ask

TODAY = "2026-11-18"


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.mark.parametrize(
    ("what", "due"),
    [
        ("access", "2026-11-28"),
        ("correct", "2026-11-28"),
        ("withdraw", "2026-12-03"),
        ("restrict", "2026-12-03"),
        ("object", "2026-12-03"),
        ("erase", "2026-12-08"),
    ],
)
def test_each_has_its_day(site: Site, what: Any, due: str) -> None:
    told = ask(site.gate, OpenClaim(code="007", what=what))
    assert (told["asked"], told["due"], told["closed"]) == (TODAY, due, None)


def test_another_day_and_an_end(site: Site) -> None:
    opened = OpenClaim(code="007", what="erase", asked="2026-11-02", due="2026-11-05")
    number = ask(site.gate, opened)["id"]
    [one] = site.store.claims()
    assert [one.overdue(day) for day in ("2026-11-05", "2026-11-06")] == [False, True]
    told = ask(site.gate, CloseClaim(number=number, answer="refused", on="2026-11-10"))
    assert (told["closed"], told["answer"]) == ("2026-11-10", "refused")
    [one] = site.store.claims()
    assert not one.overdue("2027-01-01")


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (OpenClaim(code="0099", what="access"), "0099"),
        (OpenClaim(code="007", what="access", asked="2099-01-01"), "still to come"),
        (OpenClaim(code="007", what="access", asked="soon"), "is not a day"),
        (OpenClaim(code="007", what="access", due="2026-11-01"), "is before"),
        (CloseClaim(number=7), "no request 7"),
    ],
)
def test_what_cannot_be(site: Site, request_: Any, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        ask(site.gate, request_)
    assert site.store.claims() == []


def test_what_is_closed_stays_so(site: Site) -> None:
    ask(site.gate, OpenClaim(code="007", what="access"))
    with pytest.raises(BadRequest, match="is before"):
        ask(site.gate, CloseClaim(number=1, on="2026-11-01"))
    ask(site.gate, CloseClaim(number=1))
    with pytest.raises(BadRequest, match="nothing is changed"):
        ask(site.gate, CloseClaim(number=1, answer="refused"))


@pytest.mark.parametrize(("language", "says"), [("en", "Request 1 of 007"), ("vi", "Yêu cầu số 1")])
def test_what_is_overdue_is_told(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, says: str
) -> None:
    # Long ago by the clock of whoever runs this test, too.
    ask(site.gate, OpenClaim(code="007", what="access", asked="2020-01-01"))
    ask(site.gate, OpenClaim(code="008", what="access", due="2999-01-01"))
    site.store.take_log_home()
    shutil.copy(site.store._connection.path, tmp_path / "gate.db")
    config = '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "none"\n'
    (tmp_path / "gate.toml").write_text(config)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(tmp_path / "gate.toml"))

    def said(*arguments: str) -> Any:
        return CliRunner().invoke(cli.main, ["--lang", language, "privacy", *arguments])

    late = said("overdue")
    assert late.exit_code == 1
    assert says in late.output
    assert "008" not in late.output
    [row] = json.loads(said("overdue", "--json").stdout)
    assert (row["worker"], row["request"], row["due"]) == ("007", 1, "2020-01-11")
    rows = json.loads(said("requests", "--json").stdout)
    assert [row["overdue"] for row in rows] == [True, False]
