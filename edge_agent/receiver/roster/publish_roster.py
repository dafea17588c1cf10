"""Publish a roster for all gates, after a look at the one that is there."""

import time
from collections.abc import Mapping
from dataclasses import replace

import msgspec
from msgspec import Struct

from ...contract.bounds import LARGEST_ENTRY, LARGEST_NUMBER
from ...contract.errors import BadRequest, BrokerFault
from ...contract.language import Message
from ...contract.messages import Roster, RosterWorker, Topics
from ...contract.people import another_person, look_alikes_among
from ...contract.roster import (
    LARGEST_ROSTER,
    is_newer,
    read_roster,
    steps_ahead,
    version_after,
)
from ...contract.signatures import Believed, NotSigned
from ..connection import (
    MQTT_3_1_1,
    MQTT_5,
    NotReadable,
    NotUnderstood,
    ReceiverConnection,
    ReceiverOptions,
)
from ..signing_key import Signer
from .roster_file import lost_zeros

_CLIENT = "payroll-roster"
"""Not the receiver's: that one goes on meanwhile."""

_RETAINED_WITHIN_S = 1.0
_LONGEST_READ_S = 10.0
_TAKEN_WITHIN_S = 15.0

_FAR = 10**9
"""A jump of versions that is hardly meant: a time in milliseconds, say, where 8 follows 7."""


class RosterDifference(Struct, frozen=True, kw_only=True):
    """What a roster changes beside the one before (version 0: none). Codes, in order.

    ``left_out`` are those who are in the old one only: they stay as they are.
    """

    before: int
    added: list[str]
    changed: list[str]
    left_out: list[str]
    doubts: list[Message]
    """On codes that seem to be given to another person, or to be taken for another's."""


def publish_roster(
    options: ReceiverOptions,
    workers: list[RosterWorker],
    version: int,
    *,
    dry_run: bool,
    force: bool = False,
) -> RosterDifference:
    """Publish, retained, unless ``dry_run``; returns what it changes.

    A code that has lost the leading zeros of one that the last roster has is refused; so is, unless
    it is forced, what may give one person's prints or punches to another (``Difference.doubts``),
    a version far ahead of the last one, and one that is not newer than what a gate says it has.

    Raises BadRequest where gates would refuse it, BrokerFault where the broker does not take it.
    """
    topic = Topics(options.root, "").roster
    signer = Signer.of(options.signing_key)
    connection = _connect(replace(options, client_id=_CLIENT), topic)
    try:
        found = _retained(connection, topic, signer.believed())
        before = found.roster
        _refuse_version(version, found, force=force)
        if lost := lost_zeros(workers, [row.code for row in before.workers] if before else []):
            raise BadRequest("roster.nothing-published", problems=lost)
        roster = Roster(version=version, workers=workers, count=len(workers))
        payload = signer.signed(topic, msgspec.json.encode(roster))
        if len(payload) > LARGEST_ROSTER:
            raise BadRequest("roster.too-large-for-gates", size=len(payload), most=LARGEST_ROSTER)
        if (refused := read_roster(payload)).refused:
            raise BadRequest("roster.gates-refuse", why=refused.why)
        difference = _difference(before, workers)
        if not dry_run:
            if difference.doubts and not force:
                raise BadRequest("roster.nothing-published-doubts", doubts=difference.doubts)
            if why := connection.too_large(topic, payload):
                raise BrokerFault("roster.broker-too-small", size=len(payload), why=why)
            _send(connection, topic, payload)
        return difference
    finally:
        connection.close()


class _Found(Struct):
    """What the broker keeps: the last ``roster`` (None: none, or one that no gate takes), whether
    it is payroll's own as far as signatures tell, and which version each gate has in force.
    """

    roster: Roster | None = None
    ours: bool = False
    in_force: dict[str, int] = {}


class _RosterStatus(Struct, frozen=True):
    version: int | None = None


class _Status(Struct, frozen=True):
    """As much of a gate's status as matters here."""

    roster: _RosterStatus = _RosterStatus()


def _refuse_version(version: int, found: _Found, *, force: bool) -> None:
    known = found.roster.version if found.roster is not None and found.ours else 0
    if known and not is_newer(version, known):
        raise BadRequest("roster.published-already", known=known, next=version_after(known))
    if force:
        return
    for gate, in_force in found.in_force.items():
        if not known or is_newer(in_force, known):
            known = in_force
        if not is_newer(version, in_force):
            raise BadRequest(
                "roster.gate-is-ahead", gate=gate, known=in_force, next=version_after(in_force)
            )
    if steps_ahead(version, known) > _FAR:
        following = version_after(known)
        if not known:
            raise BadRequest("roster.far-ahead-of-none", version=version, next=following)
        raise BadRequest("roster.far-ahead", version=version, known=known, next=following)


def _connect(options: ReceiverOptions, topic: str) -> ReceiverConnection:
    """With the gates' status where we may read it."""
    topics = {topic: LARGEST_ROSTER, f"{options.root}/+/status": LARGEST_ENTRY}
    try:
        return _connect_to(options, topics)
    except NotReadable:
        return _connect_to(options, {topic: LARGEST_ROSTER})


def _connect_to(options: ReceiverOptions, topics: Mapping[str, int]) -> ReceiverConnection:
    if options.protocol == "3.1.1":
        return ReceiverConnection(options, MQTT_3_1_1, topics)
    try:
        return ReceiverConnection(options, MQTT_5, topics)
    except NotUnderstood:
        if options.protocol == "5":
            raise
        return ReceiverConnection(options, MQTT_3_1_1, topics)


def _retained(connection: ReceiverConnection, topic: str, believed: Believed) -> _Found:
    """What the broker keeps, which it sends at once."""
    found = _Found()
    begin = time.monotonic()
    while True:
        messages = connection.receive()
        connection.acknowledge(messages)
        for message in messages:
            payload = bytes(message.payload)
            if message.topic == topic:
                found.roster = read_roster(payload).roster
                found.ours = _is_ours(believed, topic, payload)
            elif version := _version_in_force(payload):
                found.in_force[message.topic.split("/")[-2]] = version
        passed = time.monotonic() - begin
        complete = found.roster is not None or passed > _RETAINED_WITHIN_S
        if (complete and not messages) or passed > _LONGEST_READ_S:
            return found


def _is_ours(believed: Believed, topic: str, payload: bytes) -> bool:
    try:
        believed.opened(topic, payload, LARGEST_ROSTER)
    except NotSigned:
        return False
    return True


def _version_in_force(status: bytes) -> int | None:
    try:
        version = msgspec.json.decode(status, type=_Status).roster.version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return version if version and 1 <= version <= LARGEST_NUMBER else None


def _send(connection: ReceiverConnection, topic: str, payload: bytes) -> None:
    room = connection.room
    connection.publish(topic, payload, retain=True)
    deadline = time.monotonic() + _TAKEN_WITHIN_S
    while connection.room < room:
        if time.monotonic() > deadline:
            raise BrokerFault("roster.not-taken")
        connection.acknowledge(connection.receive())
    if connection.refused:
        raise BrokerFault("roster.not-taken-because", why=connection.refused, topic=topic)


def _difference(before: Roster | None, workers: list[RosterWorker]) -> RosterDifference:
    old = {row.code: row for row in before.workers} if before else {}
    new = {row.code: row for row in workers}
    return RosterDifference(
        before=before.version if before else 0,
        added=sorted(new.keys() - old.keys()),
        changed=sorted(code for code in new.keys() & old.keys() if new[code] != old[code]),
        left_out=sorted(old.keys() - new.keys()),
        doubts=_doubts(old, new),
    )


def _doubts(old: Mapping[str, RosterWorker], new: Mapping[str, RosterWorker]) -> list[Message]:
    doubts = [
        Message("roster.renamed", code=code, former=old[code].name, name=new[code].name)
        for code in sorted(new.keys() & old.keys())
        if another_person(old[code].name, new[code].name)
    ]
    taken_for = look_alikes_among(old.keys() | new.keys())
    for code in sorted(new.keys() - old.keys()):
        if others := taken_for.get(code):
            doubts.append(Message("roster.look-alike", code=code, others=others))
    return doubts
