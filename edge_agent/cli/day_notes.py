"""What an enrolment day has to remember that no gate does: who is put off, and how good a print is.

Who has which print stands in the gate's database, and is asked there. The notes are a file of codes
beside it that nobody needs: without it, or after a power cut between a print and its note, the day
goes on, and asks about those who were put off once more.
"""

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from ..contract.atomic_file import refuse_unmounted, replacing
from ..contract.errors import BadRequest, StoreFault
from ..contract.language import because
from ..contract.rights import unmakeable

Mark = Literal["later", "skipped", "enough", "poor"]
"""Why somebody is not asked now: they come back to it, do not want to, have one good finger and no
other, or have none that the sensor reads."""

_LONGEST = 4_000_000


class ProvedFinger(Struct, frozen=True):
    """How well a finger was recognised when it was enrolled."""

    score: int
    quality: str


class DayNotes(Struct):
    """By code: the mark of who is not asked, and by the names of the fingers their proofs, and how
    often one could not be read."""

    marks: dict[str, Mark] = {}
    proofs: dict[str, dict[str, ProvedFinger]] = {}
    unread: dict[str, dict[str, int]] = {}

    def put_off(self, code: str, mark: Mark) -> None:
        """From now on this is why somebody is not asked."""
        self.marks[code] = mark

    def proved(self, code: str, finger: str, proof: ProvedFinger) -> None:
        """A finger was enrolled: whatever was noted of the worker before is over."""
        self.proofs.setdefault(code, {})[finger] = proof
        self.unread.get(code, {}).pop(finger, None)
        self.marks.pop(code, None)

    def not_read(self, code: str, finger: str) -> None:
        """A finger was tried in vain."""
        tried = self.unread.setdefault(code, {})
        tried[finger] = tried.get(finger, 0) + 1


def read_notes(path: Path) -> DayNotes:
    """The notes so far; none where there is no such file. Raises BadRequest where it is another,
    or on a stick that is not there."""
    refuse_unmounted(path)
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST)
    except FileNotFoundError:
        return DayNotes()
    except PermissionError as error:
        raise BadRequest("day.notes-of-another", path=path) from error
    except OSError as error:
        raise BadRequest("file.unreadable", path=path, why=because(error)) from error
    try:
        return msgspec.json.decode(content, type=DayNotes)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("day.no-notes", path=path) from error


def write_notes(path: Path, notes: DayNotes) -> None:
    """Keep the notes: a power cut leaves these, or those before. Raises StoreFault."""
    try:
        with replacing(path) as file:
            file.write(msgspec.json.format(msgspec.json.encode(notes)))
    except OSError as error:
        raise StoreFault("file.unwritable", path=path, why=unmakeable(path, error)) from error
