"""Publish a roster for all gates, after a look at the one that is there."""

import time
from collections.abc import Mapping
from dataclasses import replace

import msgspec
from msgspec import Struct

from ...contract.errors import BadRequest, BrokerFault
from ...contract.messages import Roster, RosterWorker, Topics
from ...contract.people import another_person, look_alikes_among
from ...contract.roster import LARGEST_ROSTER, read_roster
from ..connection import MQTT_3_1_1, MQTT_5, NotUnderstood, ReceiverConnection, ReceiverOptions
from .roster_file import lost_zeros

_CLIENT = "payroll-roster"
"""Not the receiver's: that one goes on meanwhile."""

_RETAINED_WITHIN_S = 1.0
_TAKEN_WITHIN_S = 15.0


class Difference(Struct, frozen=True, kw_only=True):
    """What a roster changes beside the one before (version 0: none). Codes, in order.

    ``left_out`` are those who are in the old one only: they stay as they are.
    """

    before: int
    added: list[str]
    changed: list[str]
    left_out: list[str]
    doubts: list[str]
    """Sentences on codes that seem to be given to another person, or to be taken for another's."""


def publish_roster(
    options: ReceiverOptions,
    workers: list[RosterWorker],
    version: int,
    *,
    dry_run: bool,
    force: bool = False,
) -> Difference:
    """Publish, retained, unless ``dry_run``; returns what it changes.

    A code that has lost the leading zeros of one that the last roster has is refused; so is, unless
    it is forced, what may give one person's prints or punches to another (``Difference.doubts``).

    Raises BadRequest where gates would refuse it, BrokerFault where the broker does not take it.
    """
    topic = Topics(options.root, "").roster
    connection = _connect(replace(options, client_id=_CLIENT), topic)
    try:
        before = _retained(connection)
        if before is not None and version <= before.version:
            raise BadRequest(
                f"Version {before.version} is published already, and gates refuse anything older: "
                f"use --version {before.version + 1}."
            )
        if lost := lost_zeros(workers, [row.code for row in before.workers] if before else []):
            raise BadRequest("Nothing was published:\n  " + "\n  ".join(lost))
        payload = msgspec.json.encode(Roster(version=version, workers=workers, count=len(workers)))
        if len(payload) > LARGEST_ROSTER:
            raise BadRequest(
                f"The roster has {len(payload)} bytes, and gates take {LARGEST_ROSTER}."
            )
        if (refused := read_roster(payload)).refused:
            raise BadRequest(f"Gates would refuse this roster: {refused.why}.")
        difference = _difference(before, workers)
        if not dry_run:
            if difference.doubts and not force:
                raise BadRequest(
                    "Nothing was published:\n  "
                    + "\n  ".join(difference.doubts)
                    + "\nCorrect the file, or publish it as it is with --force."
                )
            if why := connection.too_large(topic, payload):
                raise BrokerFault(f"The broker does not take {len(payload)} bytes of roster. {why}")
            _send(connection, topic, payload)
        return difference
    finally:
        connection.close()


def _connect(options: ReceiverOptions, topic: str) -> ReceiverConnection:
    if options.protocol == "3.1.1":
        return ReceiverConnection(options, MQTT_3_1_1, {topic: LARGEST_ROSTER})
    try:
        return ReceiverConnection(options, MQTT_5, {topic: LARGEST_ROSTER})
    except NotUnderstood:
        if options.protocol == "5":
            raise
        return ReceiverConnection(options, MQTT_3_1_1, {topic: LARGEST_ROSTER})


def _retained(connection: ReceiverConnection) -> Roster | None:
    """The roster that the broker keeps; None where it keeps none, or one that no gate takes."""
    deadline = time.monotonic() + _RETAINED_WITHIN_S
    while time.monotonic() < deadline:
        for message in connection.receive():
            connection.acknowledge([message])
            return read_roster(bytes(message.payload)).roster
    return None


def _send(connection: ReceiverConnection, topic: str, payload: bytes) -> None:
    room = connection.room
    connection.publish(topic, payload, retain=True)
    deadline = time.monotonic() + _TAKEN_WITHIN_S
    while connection.room < room:
        if time.monotonic() > deadline:
            raise BrokerFault("The broker did not take the roster: look at its log and limits.")
        connection.acknowledge(connection.receive())
    if connection.refused:
        raise BrokerFault(
            f"The broker did not take the roster ({connection.refused}): may this user write "
            f"{topic}?"
        )


def _difference(before: Roster | None, workers: list[RosterWorker]) -> Difference:
    old = {row.code: row for row in before.workers} if before else {}
    new = {row.code: row for row in workers}
    return Difference(
        before=before.version if before else 0,
        added=sorted(new.keys() - old.keys()),
        changed=sorted(code for code in new.keys() & old.keys() if new[code] != old[code]),
        left_out=sorted(old.keys() - new.keys()),
        doubts=_doubts(old, new),
    )


def _doubts(old: Mapping[str, RosterWorker], new: Mapping[str, RosterWorker]) -> list[str]:
    doubts = [
        f"{code} was {old[code].name} and becomes {new[code].name}: gates hold the prints of that "
        "code back until a technician has said whose they are."
        for code in sorted(new.keys() & old.keys())
        if another_person(old[code].name, new[code].name)
    ]
    taken_for = look_alikes_among(old.keys() | new.keys())
    for code in sorted(new.keys() - old.keys()):
        if others := taken_for.get(code):
            doubts.append(f"{code} is new, and would be taken for {', '.join(others)}.")
    return doubts
