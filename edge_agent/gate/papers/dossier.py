"""What an assessment of the impact on people's data asks about a gate, answered from its settings.

Each statement names what it rests on: a setting as it is, or the test that would fail if it were
not so. What only the employer can say is left to be filled in.
"""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from ...contract.language import Message
from ..ledger.store.sqlite_store import SqliteStore
from ..people.consent_text import is_newest, names
from ..settings.schema import Settings


class Statement(Struct, frozen=True, kw_only=True):
    """``open``: it is for the employer to decide, or a risk that stays."""

    said: Message
    rests_on: tuple[str, ...] = ()
    open: bool = False


class Chapter(Struct, frozen=True, kw_only=True):
    """``name``: its title is the message ``dossier.NAME``."""

    name: str
    statements: tuple[Statement, ...]


class Numbers(Struct, frozen=True, kw_only=True):
    """How much there is: counted on the day on which the dossier is made."""

    workers: int
    with_fingers: int
    fingers: int
    without_consent: int
    to_ask_again: int
    evidence: int
    otherwise: int
    unfinished: int
    open_claims: int
    overdue_claims: int


def numbers_of(store: SqliteStore, today: str) -> Numbers:
    """Count. Raises StoreFault."""
    consents, prints = store.consents(), store.prints()
    owners = {one.worker for one in prints}
    claims = store.claims()
    return Numbers(
        workers=len(store.workers()),
        with_fingers=len(owners),
        fingers=len(prints),
        without_consent=len(owners - consents.keys()),
        to_ask_again=sum(not is_newest(one.text) for one in consents.values()),
        evidence=store.count_openings(),
        otherwise=len({one.worker for one in store.credentials()}),
        unfinished=sum(one.begun is not None and not one.done for one in store.erasures()),
        open_claims=sum(one.closed is None for one in claims),
        overdue_claims=sum(one.overdue(today) for one in claims),
    )


def dossier(settings: Settings, numbers: Numbers) -> list[Chapter]:
    """All chapters, in the order in which they are asked for."""
    return [
        Chapter(name=name, statements=tuple(made(_Facts(settings, numbers))))
        for name, made in _CHAPTERS.items()
    ]


class _Facts:
    def __init__(self, settings: Settings, numbers: Numbers) -> None:
        self.settings = settings
        self.numbers = numbers

    def set(self, section: str, key: str) -> str:
        """A setting as it would stand in the file."""
        value: Any = getattr(getattr(self.settings, section), key)
        return f"[{section}] {key} = {json.dumps(value, ensure_ascii=False)}"


def _say(name: str, *rests_on: str, open: bool = False, **fields: object) -> Statement:
    return Statement(said=Message(f"dossier.{name}", **fields), rests_on=rests_on, open=open)


def _command(words: str) -> str:
    """What tells it, as it is typed."""
    return f"edge-agent {words}"


def _purpose(facts: _Facts) -> Iterator[Statement]:
    yield _say("who-decides", open=True)
    yield _say("for-attendance", *(_command(f"consent print --text {name}") for name in names()))
    yield _say("not-otherwise", "tests/test_docs.py", "docs/contract/entry.json")
    home = facts.settings.home_assistant
    if home.discovery and home.punches:
        rests = facts.set("home_assistant", "punches")
        yield _say("home-assistant", rests, open=True)


def _data(facts: _Facts) -> Iterator[Statement]:
    numbers = facts.numbers
    yield _say("basic", _command("workers list"), workers=numbers.workers)
    yield _say(
        "sensitive", _command("prints list"), fingers=numbers.fingers, workers=numbers.with_fingers
    )
    yield _say("no-image", "tests/system/test_template_traces.py")
    yield _say("evidence", "tests/gate/test_evidence.py", count=numbers.evidence)
    yield _say("attempts", "tests/gate/ledger/test_expire.py")
    yield _say("screen", facts.set("display", "show"), open=facts.settings.display.show == "name")


def _consent(facts: _Facts) -> Iterator[Statement]:
    numbers, asked = facts.numbers, facts.settings.privacy.asks
    rests = facts.set("privacy", "consent")
    if asked:
        yield _say("consent-required", rests, "tests/gate/people/test_consent.py")
    else:
        yield _say("consent-off", rests, open=True)
    if numbers.without_consent:
        yield _say(
            "without-consent", _command("consent list"), open=True, count=numbers.without_consent
        )
    if numbers.to_ask_again:
        yield _say("ask-again", _command("consent list"), open=True, count=numbers.to_ask_again)
    yield _say("consent-proof", "tests/gate/people/test_consent.py", "tests/test_consent_slip.py")
    yield _say("withdraw", "tests/gate/people/test_erase.py", "tests/system/test_erasure.py")


def _alternative(facts: _Facts) -> Iterator[Statement]:
    if facts.settings.reader.devices:
        yield _say(
            "readers",
            facts.set("reader", "allow"),
            "tests/gate/touch/test_take_typed.py",
            count=facts.numbers.otherwise,
        )
    else:
        yield _say("no-reader", facts.set("reader", "devices"), open=True)
    yield _say("supervisor-adds", "tests/system/test_commands.py")
    yield _say("no-worse", _command("privacy methods"), open=True)


def _who_gets(facts: _Facts) -> Iterator[Statement]:
    mqtt = facts.settings.mqtt
    yield _say("payroll-gets", "docs/contract/entry.json", "tests/contract/test_chain.py")
    local = mqtt.host in ("localhost", "127.0.0.1", "::1")
    if local:
        yield _say("broker-here", facts.set("mqtt", "host"))
    elif mqtt.access.encrypted:
        yield _say(
            "broker-tls", facts.set("mqtt", "host"), facts.set("mqtt", "tls"), host=mqtt.host
        )
    else:
        yield _say(
            "broker-plain",
            facts.set("mqtt", "host"),
            facts.set("mqtt", "tls"),
            open=True,
            host=mqtt.host,
        )
    yield _say("abroad", open=True)


def _time(facts: _Facts) -> Iterator[Statement]:
    kept = facts.settings.privacy
    rests = "tests/gate/ledger/test_expire.py"
    term = facts.set("privacy", "erase_within_days")
    yield _say("until-erased", term, "tests/gate/people/test_terms.py")
    yield _say(
        "evidence-goes", facts.set("privacy", "evidence_months"), rests, count=kept.evidence_months
    )
    yield _say(
        "attempts-go", facts.set("privacy", "attempts_months"), rests, count=kept.attempts_months
    )
    yield _say(
        "records-go",
        facts.set("privacy", "consent_record_years"),
        rests,
        count=kept.consent_record_years,
    )
    yield _say("hours-stay", facts.set("store", "prune_after_months"), open=True)


def _rights(facts: _Facts) -> Iterator[Statement]:
    numbers = facts.numbers
    yield _say("may-see", "tests/gate/papers/test_held.py")
    yield _say(
        "erased-with-proof",
        "tests/gate/papers/test_certificate.py",
        "tests/system/test_byte_search.py",
    )
    yield _say("register", "tests/gate/people/test_claims.py", count=numbers.open_claims)
    if numbers.overdue_claims:
        yield _say(
            "register-late", _command("privacy overdue"), open=True, count=numbers.overdue_claims
        )
    if numbers.unfinished:
        yield _say(
            "erasures-late", _command("privacy overdue"), open=True, count=numbers.unfinished
        )


def _guards(facts: _Facts) -> Iterator[Statement]:
    yield _say("roles", facts.set("roles", "technician"), "tests/gate/test_roles.py")
    yield _say("audit", "tests/test_audit.py")
    yield _say("chain", "tests/contract/test_chain.py", "tests/powerloss/test_powerloss.py")
    yield _say("sealed", "tests/system/test_templates.py")
    yield _say("no-names", "tests/system/test_logs.py", "tests/system/test_canaries.py")
    yield _say("no-core", "tests/test_systemd_unit.py", "tests/system/test_template_traces.py")
    if facts.settings.payroll.keys:
        yield _say("signed", "[payroll] public_key", "tests/system/test_signed.py")
    else:
        yield _say("not-signed", facts.set("payroll", "public_key"), open=True)


def _risks(facts: _Facts) -> Iterator[Statement]:
    yield _say("risk-sensor", open=True)
    yield _say("risk-card", open=True)
    yield _say("risk-fake", open=True)
    yield _say("risk-backups", open=True)
    yield _say("stolen", "docs/stolen.md")


_CHAPTERS = {
    "purpose": _purpose,
    "data": _data,
    "consent": _consent,
    "alternative": _alternative,
    "who-gets": _who_gets,
    "time": _time,
    "rights": _rights,
    "guards": _guards,
    "risks": _risks,
}
