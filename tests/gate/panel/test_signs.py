"""That no sign can be mistaken for another, and that the workers' page shows the same table."""

from itertools import combinations
from pathlib import Path

import pytest

from edge_agent.contract.facts import Direction
from edge_agent.contract.language import Message, said
from edge_agent.gate.events import Outcome
from edge_agent.gate.panel.signs import BUSY_BEGINS, SIGNS, TOUCHED, Rhythm, sign_of
from edge_agent.gate.rules import Hint

EVERY_ANSWER = [
    (outcome, hint, direction, offline)
    for outcome in Outcome
    for hint in (None, *Hint)
    for direction in (None, *Direction)
    for offline in (False, True)
]

ANSWERS = {name: sign for name, sign in SIGNS.items() if "buzzer" in sign.rhythms}
HEARD = {name: sign.rhythms["buzzer"] for name, sign in ANSWERS.items()} | {"busy": BUSY_BEGINS}
LAMPS = {"green": "🟢", "amber": "🟡", "red": "🔴"}

DOCS = Path(__file__).parents[3] / "docs"

PAGES = {"worker.md": ("vi", "en"), "vi/worker.md": ("vi",)}
"""The workers' pages → their languages."""


@pytest.mark.parametrize(("outcome", "hint", "direction", "offline"), EVERY_ANSWER)
def test_no_answer_can_be_mistaken(
    outcome: Outcome, hint: Hint | None, direction: Direction | None, offline: bool
) -> None:
    shown = sign_of(outcome, hint, direction=direction, offline=offline)
    credited = outcome in (Outcome.RECORDED, Outcome.REPEATED)
    assert ("green" in shown) is credited
    assert ("red" in shown and credited) is False
    assert "buzzer" in shown
    lasts = {name: sum(p.on_s + p.off_s for p in rhythm) for name, rhythm in shown.items()}
    assert 0 < max(lasts.values()) <= 3
    if credited:
        assert lasts["green"] - shown["green"][-1].off_s <= 1.5
    assert TOUCHED.lasts_s >= 8  # As long as a touch is tried over a faulty line.


def told_apart(one: Rhythm, other: Rhythm) -> bool:
    """With eyes closed, by an active buzzer: another number of tones, or a short one for a long."""
    return len(one) != len(other) or any(
        max(a.on_s, b.on_s) >= 1.8 * min(a.on_s, b.on_s) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize(("one", "other"), [*combinations(HEARD, 2)])
def test_signs_are_told_apart_with_eyes_closed(one: str, other: str) -> None:
    if {one, other} == {"recorded", "recorded-offline"}:
        assert HEARD[one] == HEARD[other]  # What it means to the worker is the same.
    else:
        assert told_apart(HEARD[one], HEARD[other])


@pytest.mark.parametrize(("one", "other"), [*combinations(SIGNS, 2)])
def test_signs_are_told_apart_without_colours(one: str, other: str) -> None:
    """By which lamp it is, its place on the panel, or else by its rhythm."""
    looks = [
        {name: r for name, r in SIGNS[key].rhythms.items() if name != "buzzer"}
        for key in (one, other)
    ]
    assert looks[0].keys() != looks[1].keys() or any(
        told_apart(looks[0][name], looks[1][name]) for name in looks[0]
    )


def test_what_is_told_apart() -> None:
    """The control: the same rhythm at another pitch is none of its own."""
    low = tuple(type(p)(p.on_s, p.off_s, "A4") for p in HEARD["repeated"])
    assert not told_apart(HEARD["repeated"], low)
    assert told_apart(HEARD["recorded-in"], HEARD["recorded-out"])


def row(name: str, languages: tuple[str, ...]) -> str:
    lamps = "".join(colour for lamp, colour in LAMPS.items() if lamp in SIGNS[name].rhythms)
    cells = []
    for part in ("seen", "heard", "meaning", "advice"):
        both = [said(Message(f"sign.{name}-{part}"), one) for one in languages]
        cells.append(" · ".join(dict.fromkeys(both)))
    return f"| {lamps} {' | '.join(cells)} |"


@pytest.mark.parametrize("page", PAGES)
def test_the_workers_pages_have_the_same_table(page: str) -> None:
    lines = (DOCS / page).read_text().splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("| bạn thấy"))
    assert lines[begin + 2 : begin + 2 + len(SIGNS)] == [row(name, PAGES[page]) for name in SIGNS]
