"""The glass: dirt and sun on it, and how well fingers were read through it."""

from contextlib import closing

import pytest

from edge_agent.contract.facts import AttemptRefused, Fact
from edge_agent.gate.doctor.sensor import glass, sensor
from edge_agent.simulator.background import Remote
from tests.gate.ledger.ledgers import append, later, open_store, punch

from .staging import HOUR, FixedClock, Stage, said


def refused(reason: str, suppressed: int = 0) -> AttemptRefused:
    hint = "wipe" if reason == "poor-scan" else None
    return AttemptRefused(reason=reason, hint=hint, worker=None, suppressed=suppressed)


@pytest.mark.parametrize(
    ("said_before", "expected"),
    [
        (None, "GLASS_BARE"),
        ("sunlight on", "GLASS_SEES_THINGS"),
        ("press hoa", "GLASS_TOUCHED"),
    ],
)
def test_the_bare_glass(
    stage: Stage, simulator: Remote, said_before: str | None, expected: str
) -> None:
    if said_before:
        simulator.ask(said_before)
    context = stage.context(sensor={"port": str(stage.folder / "tty")})
    sensor(context)

    assert said(glass(context)) == expected


@pytest.mark.parametrize(
    ("facts", "expected", "told"),
    [
        ([], None, ""),
        ([punch()] * 3 + [refused("poor-scan")], "GLASS_READS_WELL", "read: 1 of 4"),
        ([punch()] * 30 + [refused("poor-scan", 5)], "GLASS_READS_WELL", "read: 6 of 36"),
        (
            [punch()] * 15 + [refused("poor-scan", 4)],
            "GLASS_READS_POORLY",
            "read: 5 of ",
        ),
        ([punch()] * 15 + [refused("unknown", 4)], "GLASS_READS_WELL", "read: 0 of "),
    ],
)
def test_how_the_last_day_s_touches_went(
    stage: Stage, facts: list[Fact], expected: str | None, told: str
) -> None:
    with closing(open_store(stage.folder)) as store:
        append(store, refused("poor-scan", 999))  # Of the day before.
        for number, fact in enumerate(facts):
            append(store, fact, later(30 * HOUR + number))
    context = stage.context()
    context.assembly.clock = FixedClock(40 * HOUR)

    verdict = glass(context)

    assert said(verdict) == expected
    assert told in (verdict.found if verdict else "")
