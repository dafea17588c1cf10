"""What is the matter with a gate by what ``edge-agent status`` knows, and what to do about each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import convert

from .. import __version__
from ..contract.language import Message, say, told_problem, told_problems
from ..gate.erasure import disputes
from ..gate.host.board import HOT, TOO_HOT
from ..gate.host.service import copying, copying_again, restarting, starting, taking_away
from ..gate.ledger.left_ledgers import LeftLedger, left_by_mistake, own_among
from ..gate.sealed_backups import NextBackup
from ..gate.settings.meaning import oddities
from ..gate.settings.schema import Settings

_NEARLY_FULL = 0.8
"""Of the sensor's slots."""

_AWAY_TOO_LONG_S = 3600
_SILENT_TOO_LONG_S = 86_400

Told = tuple[str, str | None]
"""The name of a row or part, and what it says; None: nothing."""


def to_do(settings: Settings, answer: dict[str, Any]) -> Iterator[Told]:
    """By part; the worst first."""
    uplink, sensor = answer["uplink"], answer["sensor"]
    if answer.get("retired"):
        if answer["ledger"]["last_seq"] > answer["ledger"]["confirmed_seq"]:
            yield "ledger", say("status.do-retire")
        elif answer.get("at_broker"):
            yield "uplink", say("status.do-retire-again")
        yield "store", _damaged(settings, answer)
        yield from _owed(answer)
        return
    if answer.get("elsewhere"):
        yield "daemon", not_answering(settings, answer)
    elif answer["daemon"] != "running":
        yield "daemon", say("status.do-start", command=starting())
    elif answer["version"] != __version__:
        version, restart = answer["version"], restarting()
        yield (
            "daemon",
            say("status.other-version", version=version, own=__version__, restart=restart),
        )
    if "gate" in answer.get("hangs", ()):
        yield "daemon", say("status.do-restart", restart=restarting())
    # What keeps a press from being recorded before what only may be lacking.
    stops = sensor["state"] != "ready" and answer["store"]["state"] != "failing"
    for part in ("sensor", "store") if stops else ("store", "sensor"):
        yield part, _problem(answer[part])
    yield "store", _damaged(settings, answer)
    yield "settings", _other_gate(settings, answer)
    if again := answer.get("erased_again"):  # A daemon of an older version does not know.
        several = len(again) > 1
        told = "status.erased-again" if several else "status.erased-again-one"
        yield "people", say(told, codes=again, code=again[0])
    if answer.get("restored"):  # As above.
        yield "ledger", say("status.restored")
    yield "people", nobody_known(answer)
    if answer.get("case") == "open":
        yield "case", say("status.case-open")
    for problem in told_problems(answer.get("pins", {})).values():
        yield "pins", say(problem)
    yield from _settings(settings, answer)
    yield from _read_worse(sensor)
    yield "sensor", _nearly_full(sensor)
    yield "uplink", _line(uplink)
    yield "uplink", _twin(uplink)
    yield "uplink", _not_signed(uplink)
    yield "uplink", _refused(uplink)
    yield "clock", _problem(answer["clock"])
    for code in answer.get("held_back", ()):  # A daemon of an older version does not know.
        yield "people", say("status.held-back", code=code)
    if codes := answer.get("without_consent"):  # As above.
        yield "people", say("status.without-consent", count=len(codes))
    for dispute in disputes(answer):
        yield "people", say(dispute)
    templates = NextBackup.told(answer)
    if sensor["not_backed_up"]:
        yield "backup", say("status.do-backup", whose=templates.whose, seal=templates.seal)
    elif templates.unlisted:
        yield "backup", say("backup.before", count=templates.unlisted, seal=templates.seal)
    yield "board", _board(answer.get("board") or {})
    yield "copy", _copy_overdue(answer.get("backup"))
    if why := answer["roster"]["refused"]:
        yield "roster", say("status.do-roster", why=why)
    yield "payroll", _silent(answer)
    yield from _owed(answer)


def not_answering(settings: Settings, answer: dict[str, Any]) -> str:
    """Of a daemon that has the gate and does not answer at its socket."""
    if answer["starting"]:
        return say("status.do-wait")
    where = settings.control.socket
    return say("status.do-elsewhere", socket=where, restart=restarting())


def _owed(answer: dict[str, Any]) -> Iterator[Told]:
    """What a gate out of service still has to see to as well."""
    if erasing := answer.get("privacy", {}).get("erasing"):
        yield "privacy", say("status.erasing", count=erasing)
    overdue = answer.get("overdue", {})  # A daemon of an older version does not know.
    if any(overdue.values()):
        from ..gate.doctor.findings import lateness

        yield "privacy", say("status.overdue", late=lateness(overdue))
    if rejected := answer["ledger"]["rejected"]:
        yield "payroll", say("status.rejected", count=rejected)


def _damaged(settings: Settings, answer: dict[str, Any]) -> str | None:
    """What is to become of a damaged database; who did not come along is a problem of its own."""
    store, ledger = answer["store"], answer["ledger"]
    names = [name for name in store["set_aside"] if "damaged" in name]
    if not names or store["problem"]:
        return None
    if ledger["last_seq"] > ledger["confirmed_seq"]:
        return say("status.damaged", names=names)
    folder = Path(settings.store.path).parent
    away = taking_away(settings.gate.id, (folder / one for one in names))
    return say("status.damaged-sent", names=names, away=away)


def _nearly_full(sensor: dict[str, Any]) -> str | None:
    used, capacity = sensor["prints"], sensor["capacity"]
    if not capacity or used < _NEARLY_FULL * capacity:
        return None
    return say("status.nearly-full", used=used, capacity=capacity)


def _line(uplink: dict[str, Any]) -> str | None:
    """What is the matter with the line to the broker, and that nothing is where that lasts."""
    told = _problem(uplink)
    if told is None and (uplink.get("away_s") or 0) >= _AWAY_TOO_LONG_S:
        from ..gate.doctor.findings import age_of

        why = Message("doctor.no-reason-told")
        away = "uplink.away-long-at-least" if uplink.get("away_since_start") else "uplink.away-long"
        return say(away, age=age_of(uplink["away_s"]), why=why)
    if told is None or uplink["state"] == "connected":
        return told
    # It is how it was then: a daemon of an older version does not tell when.
    if (next_s := uplink.get("next_try_s")) is None:
        return say("status.away", why=told)
    if (tried_s := uplink["tried_s"]) is None:
        return say("status.tried-next", next=next_s, why=told)
    return say("status.tried", ago=tried_s, next=next_s, why=told)


def _silent(answer: dict[str, Any]) -> str | None:
    """Whether payroll confirms nothing although the line is well, which says of itself."""
    since, now = answer.get("waiting_since"), answer.get("time")
    if answer["uplink"]["state"] != "connected" or since is None or now is None:
        return None
    from datetime import datetime

    waits = datetime.fromisoformat(now["local"]) - datetime.fromisoformat(since)
    return say("status.silent", since=since) if waits.total_seconds() > _SILENT_TOO_LONG_S else None


def _problem(part: dict[str, Any]) -> str | None:
    """What the daemon says is the matter with a part of it."""
    problem = told_problem(part)
    return None if problem is None else say(problem)


def nobody_known(answer: dict[str, Any]) -> str | None:
    """Whether no worker can be recognised, or none by a finger; a daemon of an older version does
    not tell."""
    templates, count = NextBackup.told(answer), answer.get("workers")
    if answer["sensor"]["prints"] or not count:
        return None
    if answer.get("credentials") == 0:
        return say("status.nobody-known", count=count, back=templates.bring_back)
    # Some had prints: they are in a backup.
    return say("status.no-prints", back=templates.bring_back) if templates.newest else None


def _board(board: dict[str, Any]) -> str | None:
    """Whether the machine suffers; a daemon of an older version does not know."""
    if board.get("undervoltage"):
        return say("status.undervoltage")
    if (degrees := board.get("temperature_c") or 0) >= HOT:
        return say("status.too-hot" if degrees >= TOO_HOT else "status.hot", degrees=degrees)
    return say("status.undervoltage-seen") if board.get("undervoltage_seen") else None


def _copy_overdue(backup: dict[str, Any] | None) -> str | None:
    if backup is None or backup["state"] not in ("old", "missing"):
        return None
    if backup["state"] == "missing":
        return say("status.do-copy", copy=copying())
    from ..gate.doctor.findings import age_of

    return say("status.do-copy-again", age=age_of(backup["age_s"]), again=copying_again())


def _read_worse(sensor: dict[str, Any]) -> Iterator[Told]:
    """Of whom, and whether it is the glass; a daemon of an older version does not know."""
    if sensor.get("glass_dirty"):
        yield "sensor", say("status.glass-dirty")
    if count := sensor.get("worn_prints", 0):
        yield "sensor", say("status.worn", prints=count, codes=sensor["worn"])


def _settings(settings: Settings, answer: dict[str, Any]) -> Iterator[Told]:
    """What is odd about those of the file, and what of it the daemon does not know yet."""
    in_use = answer.get("settings") or {"changed": [], "problem": None}
    if in_use["problem"]:
        yield "settings", say("status.changed-badly", problem=in_use["problem"])
    if changed := [key for key in in_use["changed"] if key != "[gate] id"]:
        from ..gate.daemon.settings_changed import counts_after

        yield "settings", say("status.changed", keys=changed, how=counts_after(changed))
    for odd in oddities(settings):
        yield "settings", say(odd)


def _other_gate(settings: Settings, answer: dict[str, Any]) -> str | None:
    """That the ledger is another gate's than the settings say, or has taken the place of one's."""
    changed, gate = (answer.get("settings") or {}).get("changed", ()), settings.gate.id
    # Of the running daemon's own ledger, or of the one that a stopped one would leave.
    owner = answer["gate"] if "[gate] id" in changed else answer.get("other_gate")
    # A daemon of an older version does not know of any.
    left = convert(answer.get("left_ledgers", []), list[LeftLedger])
    if owner is not None:
        if (own := own_among(left, gate)) is not None:
            return say("status.other-gate-back", file=own.file, owner=owner, gate=gate)
        return say("status.other-gate", owner=owner, gate=gate)
    if not answer.get("renamed") or (one := left_by_mistake(left, gate)) is None:
        return None
    return say("status.left-ledger", count=one.unsent, owner=one.gate, gate=gate)


def _twin(uplink: dict[str, Any]) -> str | None:
    """Also while the connection is down, which is half of the time then."""
    told = "duplicate-gate" in (uplink["problem"] or "")
    return None if told or not uplink.get("duplicate_gate") else say("status.twin")


def _refused(uplink: dict[str, Any]) -> str | None:
    receipts, commands = uplink["refused_receipts"], uplink["refused_commands"]
    if not receipts + commands:
        return None
    return say(
        "status.refused",
        receipts=Message("status.receipts", count=receipts),
        commands=Message("status.commands", count=commands),
    )


def _not_signed(uplink: dict[str, Any]) -> str | None:
    count = uplink.get("not_signed", 0)
    return say("status.not-signed", count=count) if count else None
