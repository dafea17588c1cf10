"""Cards, PINs and QR codes are given and taken: one of each, nobody else's, and no secret told."""

from typing import Any

import pytest

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.facts import Method
from edge_agent.contract.people import Worker
from edge_agent.gate.credentials import CardInbox, number_of
from edge_agent.gate.people.handlers import Dispatcher
from edge_agent.gate.people.requests import (
    AddCredential,
    AllowCredentials,
    AskCard,
    AwaitCard,
    MakeQr,
    RemoveCredential,
    RenameWorker,
    Request,
)
from edge_agent.gate.people.workers import checked_code
from tests.gate.fakes import Site

CARD, OTHER_CARD, PIN = "0007654321", "0001234567", "4715"
BY = "uid:1000"
NOT_BACK = {"back": False, "last_day": None}


class Office:
    """Lan (007), Hoa (008) and Mây (NV-7) at a gate with a reader."""

    def __init__(self, *, reader: bool = True) -> None:
        self.site = Site()
        with self.site.store.changing() as change:
            change.put_worker(Worker(code="NV-7", name="Mây"))
            change.put_worker(Worker(code="NV-X", name="Lò Thị Xuân"))
        none: Any = None
        self.inbox = CardInbox() if reader else None
        parts = (none, none, none, none, none)
        self._dispatcher = Dispatcher(self.site.gate, *parts, inbox=self.inbox)

    def ask(self, request: Request) -> dict[str, Any]:
        none: Any = None
        return self._dispatcher.carry_out(request, None, none, BY)

    def add(self, code: str, method: Any, secret: str) -> dict[str, Any]:
        return self.ask(AddCredential(code=code, method=method, secret=secret))

    def owner(self, card: str) -> str | None:
        found = self.site.gate.known.credentials.owner(card)
        return found.worker if found else None


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_card_is_given_and_taken(office: Office) -> None:
    told = office.add("007", "card", CARD)
    assert told == {"worker": "007", "method": "card", "replaced": False, **NOT_BACK}
    assert office.owner(CARD) == "007"
    office.ask(RemoveCredential(code="007", method="card"))
    assert office.owner(CARD) is None
    written = [(e["kind"], e["worker"], e["method"], e["actor"]) for e in office.site.store.data()]
    assert written[-2:] == [
        ("credential.added", "007", "card", BY),
        ("credential.removed", "007", "card", BY),
    ]
    with pytest.raises(BadRequest):
        office.ask(RemoveCredential(code="007", method="card"))


def test_a_new_card_is_the_end_of_the_old_one(office: Office) -> None:
    office.add("007", "card", CARD)
    assert office.add("007", "card", OTHER_CARD)["replaced"]
    assert (office.owner(CARD), office.owner(OTHER_CARD)) == (None, "007")


def test_a_card_is_one_workers(office: Office) -> None:
    office.add("007", "card", CARD)
    for method in ("card", "qr"):
        with pytest.raises(BadRequest, match="007"):
            office.add("008", method, CARD)
    assert office.owner(CARD) == "007"


def test_all_cards_of_a_gate_are_hashed_by_one_key_and_each_pin_by_its_own(office: Office) -> None:
    """So that one of a thousand cards is found at once."""
    office.add("007", "card", CARD)
    office.add("008", "card", OTHER_CARD)
    office.add("007", "pin", PIN)
    office.add("008", "pin", PIN)
    known = office.site.store.credentials()
    assert len({one.salt for one in known if one.method is Method.CARD}) == 1
    pins = [one for one in known if one.method is Method.PIN]
    assert len({one.salt for one in pins}) == len({one.hash for one in pins}) == 2


@pytest.mark.parametrize("secret", ["12345", "", "ü" * 8, "a" * 129, "12345\x07"])
def test_no_card(office: Office, secret: str) -> None:
    with pytest.raises(BadRequest):
        office.add("007", "card", secret)


@pytest.mark.parametrize(
    "pin", ["", "471", "471500000", "47l5", "٤٧١٥", "0000", "1234", "8765", "0007"]
)
def test_no_pin(office: Office, pin: str) -> None:
    with pytest.raises(BadRequest):
        office.add("007", "pin", pin)


def test_two_codes_with_the_same_digits_have_one_pin_between_them(office: Office) -> None:
    office.add("007", "pin", PIN)
    office.add("007", "pin", "2580")
    with pytest.raises(BadRequest, match="007"):
        office.add("NV-7", "pin", PIN)
    with pytest.raises(BadRequest, match="no digits"):
        office.add("NV-X", "pin", PIN)


@pytest.mark.parametrize(
    ("code", "number"),
    [("NV0042", "42"), ("007", "7"), ("A1-20", "120"), ("NVX", None), ("0", None)],
)
def test_what_a_keypad_has_of_a_code(code: str, number: str | None) -> None:
    assert number_of(checked_code(code)) == number


def test_what_is_theirs_already_replaces_nothing(office: Office) -> None:
    for method, secret in (("card", CARD), ("pin", PIN)):
        office.add("007", method, secret)
        entries = len([*office.site.store.data()])
        with pytest.raises(BadRequest, match=r"^007 has this (card|PIN) already: nothing"):
            office.add("007", method, secret)
        assert len([*office.site.store.data()]) == entries
    assert office.add("007", "pin", "4716")["replaced"] is True


def test_a_card_is_held_to_the_reader(office: Office) -> None:
    assert office.inbox is not None
    office.ask(AwaitCard(code="007", method="card"))
    assert office.ask(AskCard()) == {"state": "waiting"}
    assert office.inbox.offer(CARD, office.site.clock.now)
    assert office.ask(AskCard()) == {
        "state": "done",
        "worker": "007",
        "method": "card",
        "replaced": False,
        **NOT_BACK,
    }
    assert office.owner(CARD) == "007"
    assert not office.inbox.offer(OTHER_CARD, office.site.clock.now)


def test_a_card_that_comes_too_late_is_nobodys(office: Office) -> None:
    assert office.inbox is not None
    office.ask(AwaitCard(code="007", method="card"))
    office.site.clock.now += 61
    assert not office.inbox.offer(CARD, office.site.clock.now)
    with pytest.raises(BadRequest):
        office.ask(AskCard())
    assert office.owner(CARD) is None


def test_without_a_reader_none_is_waited_for() -> None:
    with pytest.raises(BadRequest, match="no reader yet"):
        Office(reader=False).ask(AwaitCard(code="007", method="card"))


def test_a_qr_code_is_told_once_and_ends_the_one_before(office: Office) -> None:
    first = office.ask(MakeQr(code="007"))["token"]
    second = office.ask(MakeQr(code="007"))["token"]
    assert (office.owner(first), office.owner(second)) == (None, "007")
    kept = repr(office.site.store.data()) + repr(office.site.store.credentials())
    assert first not in kept
    assert second not in kept


def test_who_is_named(office: Office) -> None:
    office.ask(AllowCredentials(code="007", allowed=True))
    assert office.site.gate.known.credentials.named == {"007"}
    with pytest.raises(BadRequest):
        office.ask(AllowCredentials(code="007", allowed=True))
    office.ask(AllowCredentials(code="007", allowed=False))
    assert office.site.gate.known.credentials.named == set()


def test_a_card_stays_with_its_person_where_a_code_gets_another_name(office: Office) -> None:
    office.add("NV-X", "card", CARD)
    with pytest.raises(BadRequest, match="credentials remove"):
        office.ask(RenameWorker(code="NV-X", name="Nguyễn Văn Hùng"))
    office.ask(RenameWorker(code="NV-X", name="Nguyễn Văn Hùng", force=True))
    assert office.owner(CARD) == "NV-X"


def test_no_secret_in_a_request_as_it_is_shown() -> None:
    assert PIN not in repr(AddCredential(code="007", method="pin", secret=PIN))


def test_a_flipped_byte_is_noticed(office: Office) -> None:
    """Another worker in a card's row would be credited by it."""
    from edge_agent.gate.ledger.store.people_rows import row_sum

    office.add("007", "card", CARD)
    office.site.store.sql("UPDATE credentials SET worker = '008'")
    with office.site.store.contents() as raw:
        raw.row_factory = None
        cursor = raw.execute("SELECT * FROM credentials")
        row = dict(zip([c[0] for c in cursor.description], cursor.fetchone(), strict=True))
    assert row["sum"] != row_sum("credentials", row)
