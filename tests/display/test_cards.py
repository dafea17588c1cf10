"""An event of the stream → what whoever pressed reads."""

from typing import Any

import pytest

from edge_agent.contract.facts import Direction
from edge_agent.display.cards import DAY_MS, Card, card, day, directed, wants_day
from edge_agent.gate.events import Outcome
from edge_agent.gate.rules import Hint, Reason
from edge_agent.gate.settings.schema import DisplaySettings

VIETNAMESE = DisplaySettings(call="0912 345 678")
ENGLISH = DisplaySettings(language="en")
AT = "2026-11-29T06:58:04.113+07:00"


def event(outcome: str = "recorded", **other: Any) -> dict[str, Any]:
    told = {"event": "panel", "outcome": outcome, "worker": "NV7", "seq": 9, "hint": None}
    return {**told, "at": AT, "direction": None, "first_at": None, "boottime_ms": 5, **other}


def shown(settings: DisplaySettings = VIETNAMESE, /, **told: Any) -> Card:
    return card(event(**told), 1, "Nguyễn Thị Hoa", settings)


def test_a_punch_in() -> None:
    seen = shown(direction=Direction.IN)
    assert (seen.tone, seen.title, seen.word) == ("good", "Đã chấm công", "VÀO")
    assert (seen.name, seen.time, seen.lines) == ("Nguyễn Thị Hoa", "06:58", [])


def test_a_punch_out_and_one_that_leads_nowhere() -> None:
    assert shown(direction="out").word == "RA"
    assert shown(ENGLISH, direction="out").word == "OUT"
    assert shown().word == ""


def test_a_punch_without_a_time() -> None:
    seen = shown(at=None)
    assert (seen.time, seen.lines) == ("", ["Giờ đúng sẽ được ghi sau."])


def test_a_repeat_says_when_it_was_recorded() -> None:
    seen = shown(outcome="repeated", first_at="2026-11-29T06:57:59.000+07:00", first_direction="in")
    assert (seen.tone, seen.title, seen.word) == ("again", "Đã ghi lúc 06:57", "VÀO")
    assert shown(outcome="repeated").title == "Đã ghi rồi"


@pytest.mark.parametrize("hint", Hint)
def test_each_poor_scan_has_its_picture_and_its_sentence(hint: Hint) -> None:
    seen = shown(outcome="try-again", hint=hint, worker=None)
    others = {
        line
        for other in Hint
        if other is not hint
        for line in shown(outcome="try-again", hint=other, worker=None).lines
    }
    assert (seen.tone, seen.picture, seen.name) == ("retry", hint.value, "")
    assert not others & set(seen.lines)


def test_what_is_not_recorded_says_whom_to_call() -> None:
    for outcome in ("not-recorded", "sensor-fault"):
        seen = shown(outcome=outcome)
        assert (seen.tone, seen.title) == ("stop", "CHƯA GHI ĐƯỢC")
        assert "Gọi 0912 345 678." in seen.lines[0]
        assert "Call the technician." in shown(ENGLISH, outcome=outcome).lines[0]


def test_why_somebody_is_not_allowed() -> None:
    reasons = [Reason.DEACTIVATED, Reason.NOT_VALID, Reason.NOT_NAMED, "of-a-newer-daemon"]
    told = [shown(outcome="refused", hint=reason) for reason in reasons]
    lines = [line for seen in told for line in seen.lines]
    assert len(set(lines)) == 4
    assert all(line.casefold().endswith("hỏi tổ trưởng.") for line in lines)
    assert {seen.name for seen in told} == {"Nguyễn Thị Hoa"}


@pytest.mark.parametrize(
    ("reason", "vietnamese", "english"),
    [(Reason.WRONG_PIN, "Sai mã PIN.", "Wrong PIN."), (Reason.LOCKED, "15 phút", "15 minutes")],
)
def test_a_pin_that_is_not_taken_tells_what_to_do_and_not_whose_number_it_was(
    reason: Reason, vietnamese: str, english: str
) -> None:
    seen = shown(outcome="refused", hint=reason, method="pin")
    assert (seen.title, seen.name) == ("Chưa chấm công", "")
    assert vietnamese in seen.lines[0]
    assert english in shown(ENGLISH, outcome="refused", hint=reason).lines[0]


def test_a_finger_whose_print_is_held_sends_for_the_technician() -> None:
    seen = shown(outcome="unknown", hint=Reason.UNPROVEN, worker=None)
    assert (seen.title, seen.lines) == (
        "Chưa chắc vân tay của ai",
        ["Thử ngón kia. Báo kỹ thuật xem lại vân tay này."],
    )
    assert "technician" in shown(ENGLISH, outcome="unknown", hint="unproven").lines[0]


def test_a_card_that_is_nobodys_is_no_finger() -> None:
    seen = shown(outcome="unknown", worker=None, method="reader")
    assert (seen.title, seen.picture) == ("Không nhận ra thẻ hoặc mã", "")
    assert "finger" not in shown(ENGLISH, outcome="unknown", worker=None, method="reader").title


def test_every_outcome_has_its_words() -> None:
    for settings in (VIETNAMESE, ENGLISH):
        titles = {shown(settings, outcome=outcome).title for outcome in Outcome}
        assert len(titles) >= len(Outcome) - 1  # Two say "not recorded", as the lamps do.
    assert shown(outcome="of-a-newer-daemon").title == "Xem đèn báo"


def test_how_it_was_pressed_and_a_key_that_is_asked_for() -> None:
    assert shown(method="card").title == "Đã chấm công bằng thẻ"
    assert shown(method="finger").title == "Đã chấm công"
    told = card(event(), 1, None, VIETNAMESE, keys=True)
    assert told.lines == ["Bấm phím VÀO hoặc RA."]
    assert card(event(direction="in"), 1, None, VIETNAMESE, keys=True).lines == []
    after = directed(told, "out", 77, 2, VIETNAMESE)
    assert (after.word, after.lines, after.t, after.id) == ("RA", [], 77, 2)


def test_a_key_corrects_within_the_repeat_window() -> None:
    seen = shown(outcome="repeated", first_at=AT, first_direction="in", direction="out")
    assert (seen.word, seen.lines) == ("RA", ["Đã sửa thành RA."])


def test_only_whoever_comes_in_or_presses_again_has_a_day() -> None:
    assert wants_day(event(direction="in"))
    assert wants_day(event("repeated"))
    assert not wants_day(event(direction="out"))
    assert not wants_day(event("unknown", worker=None))
    assert not wants_day(event("refused"))


def test_a_repeat_shows_the_workers_own_day_for_three_seconds() -> None:
    again = event("repeated", direction="out", first_at=AT)
    told = {
        "presses": [
            {"at": "2026-11-29T06:58:00.000+07:00", "direction": "in"},
            {"at": None, "direction": "out"},
            {"at": "2026-11-29T17:02:00.000+07:00", "direction": None},
        ],
        "worked_min": 544,
        "open_day": "2026-11-28",
    }
    seen = day(card(again, 3, None, VIETNAMESE), again, told, VIETNAMESE)
    assert (seen.id, seen.stays_ms, seen.presses) == (3, DAY_MS, ["06:58 VÀO", "17:02"])
    assert seen.lines == ["Hôm qua chưa bấm ra: báo tổ trưởng.", "Đã làm 9 giờ 4 phút"]
    assert DAY_MS == 3000


def test_an_arrival_is_told_only_of_an_out_that_is_missing() -> None:
    arrival = event(direction="in")
    told = {"presses": [{"at": AT, "direction": "in"}], "worked_min": None, "open_day": None}
    seen = day(card(arrival, 1, None, VIETNAMESE), arrival, told, VIETNAMESE)
    assert (seen.lines, seen.presses) == ([], [])
    told["open_day"] = "2026-11-26"
    seen = day(card(arrival, 1, None, VIETNAMESE), arrival, told, VIETNAMESE)
    assert seen.lines == ["Ngày 26/11 chưa bấm ra: báo tổ trưởng."]
