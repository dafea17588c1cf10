"""Who has left, and who does not agree any more, by what stands of their erasures."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from ...erasure import Erasure, WorkerLeaving
from ...errors import DamagedLedger
from .database import read_data
from .erasure_rows import KEPT, ErasureRows

_GATE, _PAYROLL = "gate", "payroll"

_WITHDRAWN = "consent.withdrawn"

_LEFT = "worker.left"

_AGREED = "consent.given"

_CALLED_BACK = "worker.leave-dropped"
"""After a leaving: somebody says that it counts no more; before one: that none is planned."""

_CAME = (_AGREED, "print.enrolled", "print.restored", "credential.added", _CALLED_BACK)
"""By what somebody who has left is at work again."""

_NO_SEQ = 1 << 62


class LeavingRows(ErasureRows):
    """Reads them. Whoever does both has done both, in whatever order."""

    def left(self, code: str) -> WorkerLeaving | None:
        """The leaving of somebody who has left; None: they have not, are to, or are back."""
        leaving = self.leavings().get(code)
        return leaving if leaving is not None and leaving.left else None

    def leavings(self) -> dict[str, WorkerLeaving]:
        """Who has left, or is to, by code; not those who have come back since.

        Somebody whose leaving payroll's dates have brought about is payroll's to bring back: what
        is true of them is said by its roster.
        """
        erasures = self.erasures()
        found = {
            one.worker: WorkerLeaving(left=False, after=one.after)
            for one in erasures
            if one.begun is None and one.stopped is None
        }
        days, kept = _stops(erasures), _documented(erasures)
        left = {
            code: entry for code, entry in self._left().items() if entry.get("actor") != _PAYROLL
        }
        here = self._of_whom_anything_is([*left]) - self.stopped() | self._called_back(left)
        for code, entry in left.items():
            if code not in here:
                known = kept.get(code, {}) if not entry else {}
                found[code] = WorkerLeaving(
                    left=True,
                    since=_day(entry, known.get("begun") or days.get(code)),
                    last_day=entry.get("last_day") or known.get("last_day"),
                )
        return found

    def _of_whom_anything_is(self, codes: list[str]) -> set[str]:
        """Those of whom ``has_anything_of`` is true; it looks at all evidence, and once."""
        if not codes:
            return set()
        asked = "worker IN (SELECT value FROM json_each(?1))"
        rows = self._connection.rows(
            " UNION ".join(f"SELECT worker FROM {kept} AND {asked}" for kept in KEPT),
            msgspec.json.encode(codes).decode(),
        )
        return {worker for (worker,) in rows}

    def _called_back(self, left: Mapping[str, dict[str, Any]]) -> set[str]:
        """Those of them whom somebody has called back since, of whom nothing has to be here yet: a
        leaving that is not in this ledger, or not any more, was before. A new ledger does not know
        it: until something of theirs is here, they have left for it."""
        if not left:
            return set()
        rows = self._connection.rows("SELECT seq, wire FROM ledger WHERE kind = ?", _CALLED_BACK)
        called = ((seq, _read(seq, wire).get("worker", "")) for seq, wire in rows)
        return {code for seq, code in called if code in left and seq > left[code].get("seq", 0)}

    def _left(self) -> dict[str, dict[str, Any]]:
        """Who has left, with that entry: it is the last reason of theirs, or they have withdrawn
        after it without having come back, as within the term of an erasure."""
        found = dict[str, dict[str, Any]]()
        for worker, reasons in self._reasons().items():
            leavings = [at for at, (kind, _) in enumerate(reasons) if kind == _LEFT]
            if not leavings:
                continue
            (_, left), later = reasons[leavings[-1]], reasons[leavings[-1] + 1 :]
            if not later or not self._came_between(worker, left, later[-1][1], _CAME):
                found[worker] = left
        return found

    def returns(self) -> set[int]:
        """The entries of this ledger by which somebody who had left is at work again, which stands
        in none."""
        rows = self._connection.rows(
            "SELECT seq, kind, wire FROM ledger"
            " WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY seq",
            msgspec.json.encode([_LEFT, *_CAME]).decode(),
        )
        found, left = set[int](), set[str]()
        for seq, kind, wire in rows:
            data = _read(seq, wire)
            worker = data.get("worker", "")
            if kind == _LEFT:
                # Whom payroll's dates have let go, payroll brings back.
                (left.discard if data.get("actor") == _PAYROLL else left.add)(worker)
            elif worker in left:
                left.discard(worker)
                found.add(seq)
        return found

    def _came_between(
        self, worker: str, first: dict[str, Any], last: dict[str, Any], kinds: tuple[str, ...]
    ) -> bool:
        """Whether such an entry of a worker's may lie between two; an entry that is not here may
        be of any time."""
        if "seq" not in first:
            return True
        rows = self._connection.rows(
            f"SELECT seq, wire FROM ledger WHERE kind IN ({', '.join('?' * len(kinds))})"
            " AND seq > ? AND seq < ?",
            *(*kinds, first["seq"], last.get("seq", _NO_SEQ)),
        )
        return any(_read(seq, wire).get("worker") == worker for seq, wire in rows)

    def _reasons(self) -> dict[str, list[tuple[str, dict[str, Any]]]]:
        """Of each who was erased all reasons, in order, and what their entries say: nothing where
        they are of another ledger, were pruned or altered."""
        rows = self._connection.rows(
            "SELECT erased.worker, erased.kind, ledger.seq, wire FROM erased"
            " LEFT JOIN ledger ON ledger.seq = erased.seq AND ledger.kind = erased.kind"
            " AND erased.ledger = (SELECT ledger FROM identity)"
            " ORDER BY ledger.seq IS NOT NULL, erased.seq"
        )
        found = dict[str, list[tuple[str, dict[str, Any]]]]()
        for worker, kind, seq, wire in rows:
            found.setdefault(worker, []).append((kind, _read(seq, wire)))
        return found

    def left_for_good(self, worker: str) -> bool:
        """Whether a worker's erasure, or that it waits for its term, is for they have left."""
        return worker in self._left()

    def withdrawn(self) -> dict[str, str | None]:
        """Who did not agree any more, and has not agreed since, by code; and the day of that; None:
        it is not known. An earlier version may have enrolled them nevertheless.

        Who has left since does not agree by that. Where it is not known here any more whether they
        had agreed before they left, they are asked again.
        """
        consents = self._connection.rows("SELECT worker FROM consents")
        agreeing = {worker for (worker,) in consents} - self.stopped()
        days, found = _stops(self.erasures()), dict[str, str | None]()
        for worker, reasons in self._reasons().items():
            withdrawals = [at for at, (kind, _) in enumerate(reasons) if kind == _WITHDRAWN]
            if not withdrawals or worker in agreeing:
                continue
            (_, entry), later = reasons[withdrawals[-1]], reasons[withdrawals[-1] + 1 :]
            if not later:
                found[worker] = _day(entry, days.get(worker))
            elif not self._agreed_between(worker, entry, later[-1][1]):
                found[worker] = _day(entry, None)
        return found

    def _agreed_between(self, worker: str, first: dict[str, Any], last: dict[str, Any]) -> bool:
        """Whether it is known here that they have."""
        since = {**first, "seq": first.get("seq", 0)}
        return self._came_between(worker, since, last, (_AGREED,))


def _read(seq: int | None, wire: bytes | None) -> dict[str, Any]:
    with suppress(DamagedLedger):  # That is told where the chain is looked at.
        return {} if seq is None or wire is None else read_data(seq, wire)
    return {}


def _stops(erasures: Iterable[Erasure]) -> dict[str, str | None]:
    """When the fingers of each were used no more, by the last erasure of theirs that is no plan:
    None where that was when it began, which is noted by a clock that may not have been set."""
    return {one.worker: one.stopped for one in erasures if one.stopped or one.begun}


def _documented(erasures: Iterable[Erasure]) -> dict[str, dict[str, str]]:
    """What the document of each one's last erasure says of days that are sure: where the entry of
    a leaving is in another ledger, nothing else knows them."""
    found = dict[str, dict[str, str]]()
    for one in erasures:
        if one.document is not None:
            said = msgspec.json.decode(one.document)
            sure = {"begun"}.intersection(said.get("sure", ()))
            found[one.worker] = {key: said[key] for key in {*sure, "last_day"} if key in said}
    return found


def _day(entry: dict[str, Any], stopped: str | None) -> str | None:
    """The day of an erasure, by its entry, or where it is not there by the erasure's own word."""
    if (entry.get("kind"), entry.get("actor")) == (_WITHDRAWN, _GATE):
        return None  # Of which it is known only when a restored database was made to do it again.
    at: str | None = entry.get("at") or stopped
    return at[:10] if at else None
