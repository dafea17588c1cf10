"""Cards, PINs and QR codes at a gate: whose punch they are, and that they are nobody else's."""

from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.contract.errors import StoreFault
from edge_agent.contract.facts import Method
from edge_agent.contract.people import Print, Worker
from edge_agent.contract.people_facts import CredentialRemoved, CredentialsAllowed
from edge_agent.gate.credentials import CardInbox, Credential, Credentials
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.events import Outcome, PanelShown
from edge_agent.gate.ports import Typed
from edge_agent.gate.reader.keyboard import Key, Keyboard
from edge_agent.gate.rules import Match
from edge_agent.gate.touch.credit import Credit
from edge_agent.gate.touch.lockout import TRIES
from edge_agent.gate.touch.take_typed import (
    DEVICE_LOCKED_S,
    NUMBER_HOLDS_S,
    WORKER_LOCKED_S,
    TakeTyped,
)
from edge_agent.gate.touch.way_keys import WayKeys
from tests.gate.fakes import Site
from tests.gate.reader.keys import PERSON_S, READER_S, typed
from tests.gate.touch.test_way_keys import IN, OUT, ScriptedKeys

LANS_CARD, HOAS_CARD, MAYS_CARD = "0007654321", "0008654321", "7654321"
MAYS_QR = "EA1:ABCDEFGHJKLNPRSTUVX234567"
LANS_PIN, MAYS_PIN = "4715", "2580"


@cache
def known() -> list[Credential]:
    """What the gate keeps of them; a PIN's hash takes its time."""
    made: list[Credential] = []
    for code, method, secret in (
        ("007", Method.CARD, LANS_CARD),
        ("007", Method.PIN, LANS_PIN),
        ("008", Method.CARD, HOAS_CARD),
        ("NV-019", Method.CARD, MAYS_CARD),
        ("NV-019", Method.QR, MAYS_QR),
        ("NV-019", Method.PIN, MAYS_PIN),
    ):
        made.append(Credentials(made).made(code, method, secret))
    return made


class ScriptedReaders:
    """What was read, by a script."""

    problem = None

    def __init__(self) -> None:
        self.lines: deque[Typed] = deque()

    def next(self) -> Typed | None:
        return self.lines.popleft() if self.lines else None

    def listen(self, heard: Any) -> None: ...

    def close(self) -> None: ...


class Gate:
    """Lan (007), Hoa (008, deactivated) and Mây (NV-019) at a gate with two readers."""

    def __init__(self, *, named_only: bool = False, keys: bool = False, window_s: int = 60) -> None:
        rule = DirectionRule.KEYS if keys else DirectionRule.NONE
        self.site = Site(window_s, rule)
        self.gate = self.site.gate
        with self.site.store.changing() as change:
            change.put_worker(Worker(code="NV-019", name="Mây"))
        self.keys = ScriptedKeys(self.site)
        way = WayKeys(self.gate, self.site.panel, self.keys) if keys else None
        self.credit = Credit(self.gate, self.site.panel, lambda: False, way)
        self.readers, self.inbox = ScriptedReaders(), CardInbox()
        self.take = TakeTyped(
            self.gate, self.site.panel, self.credit, self.readers, self.inbox, named_only=named_only
        )
        with self.site.store.changing() as change:
            for one in known():
                change.put_credential(one)
        self.began = len(self.site.store.data())

    def reads(
        self, text: str | None, device: str = "a", *, quick: bool = True, after: float = 0.5
    ) -> PanelShown | None:
        """What was shown for a line, if anything was."""
        self.site.clock.now += after
        before = len(self.shown)
        self.readers.lines.append(Typed(device, text, quick, self.site.clock.now))
        self.take.turn()
        assert len(self.shown) - before <= 1
        return self.shown[-1] if len(self.shown) > before else None

    def keyed(self, *lines: str, device: str = "a") -> PanelShown | None:
        """The same for a person at a keypad."""
        shown = None
        for line in lines:
            shown = self.reads(line, device, quick=False)
        return shown

    @property
    def shown(self) -> list[PanelShown]:
        return [event for event in self.site.events if isinstance(event, PanelShown)]

    @property
    def written(self) -> list[dict[str, Any]]:
        return self.site.store.data()[self.began :]


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.mark.parametrize(
    ("text", "worker", "method"),
    [
        (LANS_CARD, "007", "card"),
        (MAYS_CARD, "NV-019", "card"),
        (MAYS_QR, "NV-019", "qr"),
        (MAYS_QR.lower(), "NV-019", "qr"),
    ],
)
def test_a_card_is_its_workers_punch(gate: Gate, text: str, worker: str, method: str) -> None:
    shown = gate.reads(text)
    assert shown is not None
    assert (shown.outcome, shown.worker, shown.method) == (Outcome.RECORDED, worker, method)
    [entry] = gate.written
    assert (entry["kind"], entry["worker"]) == ("punch.recorded", worker)
    assert entry["method"] == method
    assert "evidence" not in entry
    assert gate.site.panel.told[-2:] == [("touched",), ("show", Outcome.RECORDED, None, False)]


@pytest.mark.parametrize("lines", [["19", MAYS_PIN], ["019", MAYS_PIN], [f"19*{MAYS_PIN}"]])
def test_a_number_and_its_pin_are_its_workers_punch(gate: Gate, lines: list[str]) -> None:
    shown = gate.keyed(*lines)
    assert shown is not None
    assert (shown.outcome, shown.worker) == (Outcome.RECORDED, "NV-019")
    assert [entry["method"] for entry in gate.written] == ["pin"]


def test_a_card_and_a_finger_are_one_worker(gate: Gate) -> None:
    gate.reads(LANS_CARD)
    gate.site.clock.now += 5
    gate.credit.match(Match(0, 90), gate.site.clock.stamp())
    gate.reads(LANS_CARD)
    assert [entry["kind"] for entry in gate.written] == ["punch.recorded", *["punch.repeated"] * 2]
    assert [entry["method"] for entry in gate.written] == ["card", "finger", "card"]


def test_keys_say_the_way_of_a_card_too() -> None:
    gate = Gate(keys=True)
    gate.keys.press(IN)
    shown = gate.reads(LANS_CARD)
    assert shown is not None
    assert shown.direction is IN
    gate.keys.press(OUT)
    gate.reads(LANS_CARD)
    assert gate.written[-1]["kind"] == "punch.directed"


def test_a_deactivated_worker_is_refused(gate: Gate) -> None:
    shown = gate.reads(HOAS_CARD)
    assert shown is not None
    assert (shown.outcome, shown.worker) == (Outcome.REFUSED, "008")
    assert [(e["reason"], e["method"]) for e in gate.written] == [("deactivated", "card")]


@pytest.mark.parametrize(
    ("text", "quick"),
    [
        (LANS_CARD, False),
        (MAYS_QR, False),
        (LANS_CARD[1:], True),
        (LANS_CARD + LANS_CARD, True),
        ("EA1:" + "A" * 25, True),
        (LANS_PIN, False),
        (MAYS_PIN, True),
        (f"7*{MAYS_PIN[:-1]}", False),
        ("' OR 1=1 --", True),
        (None, True),
    ],
    ids=repr,
)
def test_what_is_nobodys_credits_nobody(gate: Gate, text: str | None, quick: bool) -> None:
    """A card's number that a person types is none; neither is a part of one, or a bare PIN."""
    shown = gate.reads(text, quick=quick)
    assert shown is not None
    assert shown.outcome is Outcome.UNKNOWN
    assert [(e["kind"], e["method"]) for e in gate.written] == [("attempt.refused", "reader")]


def test_a_removed_card_is_dead_at_once(gate: Gate) -> None:
    fact = CredentialRemoved(worker="007", method=Method.CARD, actor="uid:0")
    gate.gate.record_credentials(fact, lambda c: c.drop_credential("007", Method.CARD))
    shown = gate.reads(LANS_CARD)
    assert shown is not None
    assert shown.outcome is Outcome.UNKNOWN


def test_a_number_waits_for_its_pin_and_not_for_ever(gate: Gate) -> None:
    assert gate.keyed("19") is None
    assert gate.site.panel.told[-1] == ("touched",)
    gate.site.clock.now += NUMBER_HOLDS_S + 1
    gate.take.turn()
    assert gate.site.panel.told[-1] == ("dark",)
    shown = gate.keyed(MAYS_PIN)
    assert shown is not None
    assert shown.outcome is Outcome.UNKNOWN


def test_a_number_at_one_keypad_and_the_pin_at_another_are_none(gate: Gate) -> None:
    gate.keyed("19", device="a")
    shown = gate.keyed(MAYS_PIN, device="b")
    assert shown is not None
    assert shown.outcome is Outcome.UNKNOWN


def test_another_workers_pin_is_wrong(gate: Gate) -> None:
    shown = gate.keyed("7", MAYS_PIN)
    assert shown is not None
    assert (shown.outcome, shown.worker, shown.hint) == (Outcome.REFUSED, "007", "wrong-pin")


def test_five_wrong_pins_lock_the_worker_out_for_a_while(gate: Gate) -> None:
    for n in range(TRIES):
        gate.keyed("19", "0000", device=f"keypad {n}")  # Each with a count of its own.
    shown = gate.keyed("19", MAYS_PIN, device="another")
    assert shown is not None
    assert (shown.outcome, shown.hint) == (Outcome.REFUSED, "locked")
    shown = gate.keyed("7", LANS_PIN, device="another")
    assert shown is not None
    assert shown.outcome is Outcome.RECORDED
    shown = gate.reads(MAYS_CARD)
    assert shown is not None
    assert shown.outcome is Outcome.RECORDED
    gate.site.clock.now += WORKER_LOCKED_S
    shown = gate.keyed("19", MAYS_PIN, device="another")
    assert shown is not None
    assert shown.outcome is Outcome.RECORDED


def test_five_wrong_pins_lock_the_keypad_for_a_moment(gate: Gate) -> None:
    for _ in range(TRIES - 1):
        gate.keyed("19", "0000")
    gate.keyed("77", "0000")
    gate.keyed("77*0000")
    shown = gate.keyed("7", LANS_PIN)
    assert shown is not None
    assert shown.hint == "locked"
    gate.site.clock.now += DEVICE_LOCKED_S
    shown = gate.keyed("7", LANS_PIN)
    assert shown is not None
    assert shown.outcome is Outcome.RECORDED


def test_the_right_pin_begins_the_count_anew(gate: Gate) -> None:
    for _ in range(3):
        for _ in range(TRIES - 1):
            gate.keyed("19", "0000")
        shown = gate.keyed("19", MAYS_PIN)
        assert shown is not None
        assert shown.outcome in (Outcome.RECORDED, Outcome.REPEATED)


def test_only_the_named_where_the_gate_asks_for_it() -> None:
    gate = Gate(named_only=True)
    shown = gate.reads(LANS_CARD)
    assert shown is not None
    assert (shown.outcome, shown.hint) == (Outcome.REFUSED, "not-named")
    named = CredentialsAllowed(worker="007", allowed=True, actor="uid:0")
    gate.gate.record_credentials(named, lambda change: change.put_named("007", named=True))
    shown = gate.reads(LANS_CARD)
    assert shown is not None
    assert shown.outcome is Outcome.RECORDED


def test_a_database_that_fails_is_told_as_what_it_is(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise StoreFault("It does not answer.")

    monkeypatch.setattr(gate.site.store, "credentials", fails)
    shown = gate.reads(LANS_CARD)
    assert shown is not None
    assert shown.outcome is Outcome.NOT_RECORDED


def test_no_secret_in_what_could_be_logged(gate: Gate) -> None:
    line = Typed("a", LANS_CARD, True, 0.0)
    assert LANS_CARD not in repr(line)
    gate.reads(LANS_CARD)
    gate.keyed("19", MAYS_PIN)
    told = repr(gate.site.events) + repr(gate.site.store.data())
    for secret in (LANS_CARD, MAYS_CARD, MAYS_QR, LANS_PIN, MAYS_PIN):
        assert secret not in told


def test_eighty_workers_in_ten_minutes_a_fifth_of_them_by_card() -> None:
    """Keys used: each is credited once, and in the right direction."""
    gate = Gate(keys=True)
    codes = [f"NV{number:03}" for number in range(80)]
    cards = {code: f"{number:010}" for number, code in enumerate(codes) if number % 5 == 0}
    made: list[Credential] = []
    with gate.site.store.changing() as change:
        for slot, code in enumerate(codes, start=10):
            change.put_worker(Worker(code=code, name=code))
            if code in cards:
                made.append(Credentials(known() + made).made(code, Method.CARD, cards[code]))
                change.put_credential(made[-1])
            else:
                print_ = Print(worker=code, finger="right-index", slot=slot, generation=1)
                change.put_print(print_, bytes(32))
    ways = {code: (IN, OUT)[number % 3 == 0] for number, code in enumerate(codes)}
    for slot, code in enumerate(codes, start=10):
        gate.site.clock.now += 7.0
        gate.keys.press(ways[code])
        if code in cards:
            gate.reads(cards[code])
        else:
            gate.credit.match(Match(slot, 90), gate.site.clock.stamp())
    written = [(e["kind"], e["worker"], e["method"], e["direction"]) for e in gate.written]
    assert written == [
        ("punch.recorded", code, "card" if code in cards else "finger", ways[code].value)
        for code in codes
    ]


class Keypads:
    """Two devices, from their keys on."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._keyboards = {name: Keyboard(1000.0) for name in ("a", "b")}

    def feed(self, device: str, key: Key) -> None:
        if (line := self._keyboards[device].feed(key)) is not None:
            self._gate.readers.lines.append(Typed(device, line.text, line.quick, line.at))

    def unplug(self, device: str, at: float) -> None:
        self._keyboards[device] = Keyboard(at)


ONE = st.one_of(
    st.tuples(st.just("card"), st.sampled_from([LANS_CARD, MAYS_CARD, HOAS_CARD, MAYS_QR])),
    st.tuples(st.just("cut"), st.sampled_from([LANS_CARD, MAYS_CARD, MAYS_QR])),
    st.tuples(st.just("pin"), st.sampled_from(["7", "19", "8", "1", "0719"])),
    st.tuples(st.just("text"), st.text("0123456789*EA:", min_size=1, max_size=30)),
    st.tuples(st.just("noise"), st.lists(st.integers(0, 255), min_size=1, max_size=20)),
)
INPUTS = st.lists(st.tuples(st.sampled_from("ab"), ONE, st.floats(0.15, 7)), max_size=12)


def keys_of(what: str, value: Any, at: float) -> Iterator[Key | None]:
    """The keys of one thing that happens at a reader; None: it is unplugged and comes back."""
    match what:
        case "card":
            yield from typed(value, at, READER_S)
        case "cut":
            keys = list(typed(value, at, READER_S))
            yield from keys[: len(keys) // 2]
            yield None
            yield from keys[len(keys) // 2 :]
        case "pin":
            yield from typed(value, at, PERSON_S)
            yield from typed(MAYS_PIN, at + 3, PERSON_S)
        case "text":
            yield from typed(value, at, PERSON_S)
        case "noise":
            for n, code in enumerate(value):
                yield Key(1, code, 1, at + n * READER_S)


def credits_nobody_else(inputs: list[Any]) -> None:
    gate = Gate(window_s=0)
    keypads = Keypads(gate)
    streams: dict[str, list[tuple[Key | None, float]]] = {"a": [], "b": []}
    at = {"a": 1001.0, "b": 1001.0}
    meant: list[tuple[str, str]] = []
    for device, (what, value), gap in inputs:
        at[device] += gap
        for key in keys_of(what, value, at[device]):
            at[device] = key.at if key else at[device]
            streams[device].append((key, at[device]))
        if what == "card":
            meant.append((value, device))
        at[device] += 0.15
    # Both at once, key by key.
    merged = sorted(
        (
            (moment, device, n, key)
            for device, keys in streams.items()
            for n, (key, moment) in enumerate(keys)
        ),
        key=lambda one: one[:3],
    )
    for moment, device, _, key in merged:
        gate.site.clock.now = max(gate.site.clock.now, moment)
        if key is None:
            keypads.unplug(device, moment)
        else:
            keypads.feed(device, key)
        while gate.readers.lines:
            gate.take.turn()
    owners = {LANS_CARD: "007", MAYS_CARD: "NV-019", MAYS_QR: "NV-019"}
    cards = [e for e in gate.written if e["kind"] == "punch.recorded" and e["method"] != "pin"]
    pins = [e for e in gate.written if e["kind"] == "punch.recorded" and e["method"] == "pin"]
    allowed = sorted(owners[card] for card, _ in meant if card in owners)
    left = list(allowed)
    for entry in cards:
        assert entry["worker"] in left, (entry["worker"], allowed)
        left.remove(entry["worker"])
    assert {entry["worker"] for entry in pins} <= {"NV-019"}


@given(INPUTS)
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_nobody_else_is_credited(inputs: list[Any]) -> None:
    credits_nobody_else(inputs)


@pytest.mark.long
@pytest.mark.timeout(3000)
@given(INPUTS)
@settings(max_examples=10_000, deadline=None)
def test_ten_thousand_inputs_credit_nobody_else(inputs: list[Any]) -> None:
    credits_nobody_else(inputs)
