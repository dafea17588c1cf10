"""A consent is written down by code, and where it is asked for nothing is done without one."""

import pytest
from msgspec import structs

from edge_agent.contract.errors import BadRequest
from edge_agent.gate.events import Outcome, PanelShown
from edge_agent.gate.ledger.store import people_snapshot
from edge_agent.gate.people.consent_text import consent_text, is_newest, names, newest
from edge_agent.gate.people.requests import Enroll, RecordConsent
from edge_agent.gate.rules import Match
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import LAN, LANS, Site

from .asking import ask

FROZEN = {
    "en-1": "a70914fefcc351c5d916baa5dd5cf98512a39aea8977b898c72aac435105a2c9",
    "vi-1": "e0f9e68605423e84db8ee5d61d1b40004df777b16d72a9ab9f16fb938e54d17e",
}
"""Workers have signed these: another wording is another number."""


@pytest.fixture
def site() -> Site:
    made = Site()
    made.gate.renew(structs.replace(made.gate.policy, consent_required=True))
    return made


def signed(site: Site, **other: object) -> dict[str, object]:
    asked = {"code": "007", "text": "vi-1", "signed": "2026-11-18", "paper": True, **other}
    return ask(site.gate, RecordConsent(**asked))  # type: ignore[arg-type]


def pressed(site: Site) -> PanelShown:
    Credit(site.gate, site.panel, lambda: False).match(Match(LANS.slot, 90), site.clock.stamp())
    return [event for event in site.events if isinstance(event, PanelShown)][-1]


def test_a_text_that_was_signed_never_changes() -> None:
    assert {name: consent_text(name).hash for name in names()} == FROZEN
    assert newest("vi").name == "vi-1"
    assert is_newest("en-1")
    assert not is_newest("vi-0")


def test_nobody_is_recognised_without_a_consent(site: Site) -> None:
    refused = pressed(site)
    assert (refused.outcome, refused.hint) == (Outcome.REFUSED, "no-consent")
    assert site.store.data()[-1]["reason"] == "no-consent"

    signed(site)
    assert pressed(site).outcome is Outcome.RECORDED


def test_everybody_is_where_none_is_asked_for() -> None:
    assert pressed(Site()).outcome is Outcome.RECORDED


def test_what_the_ledger_says_of_it(site: Site) -> None:
    signed(site, witness="008")
    entry = site.store.data()[-1]
    told = {name: entry[name] for name in ("kind", "worker", "text", "signed", "witness", "paper")}
    assert told == {
        "kind": "consent.given",
        "worker": "007",
        "text": "vi-1",
        "signed": "2026-11-18",
        "witness": "008",
        "paper": True,
    }
    assert entry["text_hash"] == FROZEN["vi-1"]
    assert LAN.name.encode() not in site.store.all[-1].wire


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"paper": False}, "before whom"),
        ({"witness": "007"}, "own consent"),
        ({"signed": "31/02/2026"}, "is not a day"),
        ({"signed": "11/2026"}, "is not a day"),
        ({"signed": "2099-01-01"}, "still to come"),
        ({"text": "vi-9"}, "There are: en-1, vi-1"),
        ({"code": "009"}, "009"),
    ],
)
def test_what_is_no_consent(site: Site, other: dict[str, object], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        signed(site, **other)
    assert site.store.data() == []
    assert site.store.consents() == {}


def test_no_finger_is_enrolled_without_one(site: Site) -> None:
    with pytest.raises(BadRequest, match="no consent"):
        ask(site.gate, Enroll(code="007", finger="left-thumb"))
    assert site.store.data() == []


def test_it_is_kept_beside_the_database_too(site: Site) -> None:
    signed(site)
    path = site.store._connection.path
    kept = people_snapshot.read(path)
    assert kept is not None
    [row] = kept.sealed()["consents"]
    assert (row["worker"], row["text"]) == ("007", "vi-1")
