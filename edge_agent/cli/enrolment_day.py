"""An enrolment day: one worker after the other at the sensor, and everybody is accounted for.

Whoever has two prints, or was put off for good, is done; that stands in the gate's database and in
the notes, so the same command goes on where a power cut or a lost connection has ended it.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from ..contract.errors import BadRequest
from ..contract.language import say
from ..gate.control.client import Refusal
from ..gate.errors import SensorFault
from ..gate.people.answers import Step
from ..gate.people.requests import AskPeople, Enroll
from .carry_out import Perform
from .day_notes import DayNotes, Mark, ProvedFinger, write_notes
from .show import who
from .tell import tell, tell_failure
from .words import tell_enrolment

WANTED = 2
"""Prints of a worker: two fingers, of different hands."""

_IN_TURN = ("index", "thumb", "middle", "ring", "little")
"""Which fingers are tried, in this order: the ones that people press best first."""

_UNREAD = ("people.too-poor", "people.presses-differ", "people.not-proved")
"""What ends an enrolment because of the finger, not of whoever had no time or patience for it."""

_MARKS: dict[str, Mark] = {"1": "later", "2": "skipped", "4": "poor"}
_ANOTHER, _END = "3", "0"


class Person(Struct):
    """A worker of the day, as the gate knows them."""

    code: str
    name: str
    deactivated: bool
    fingers: list[str]
    methods: list[str]
    withdrawn: bool = False
    """They do not agree any more; a daemon of an older version does not tell."""


class Called:
    """Whose finger the steps at the sensor are told of."""

    whose = ""
    names: Mapping[str, str] = MappingProxyType({})
    """By code, of whoever may press in between."""

    def step(self, step: Step) -> None:
        """What the person at the sensor is to do, with their name."""
        tell_enrolment(self.whose, self.names, step)


class _Over(Exception):
    """Somebody wants to end the day for now."""


def people_of(perform: Perform) -> dict[str, Person]:
    """All workers that the gate knows, by code."""
    known: dict[str, Person] = {}
    after, more = "", True
    while more:
        told = perform(AskPeople(after=after))
        for one in told["people"]:
            known[one["code"]] = Person(**one)
        more = told["more"]
        after = max(known, default="")
    return known


def is_done(person: Person, notes: DayNotes) -> bool:
    """Whether nothing more is to be asked of somebody; who is put off for later is not done."""
    if person.deactivated or len(person.fingers) >= WANTED:
        return True
    return notes.marks.get(person.code, "later") != "later"


class EnrolmentDay:
    """Leads everybody to the sensor in turn."""

    def __init__(
        self,
        perform: Perform,
        called: Called,
        people: Iterable[Person],
        notes: DayNotes,
        path: Path,
    ) -> None:
        """``people``: of the day, in order; ``path``: where the notes are kept."""
        self._perform = perform
        self._called = called
        self._people = list(people)
        self._notes = notes
        self._path = path

    def walk(self, answer: Callable[[str], str]) -> None:
        """Ask everybody who is not done, those who come later at the end: also of a day that was
        ended for now and goes on.

        ``answer`` is what somebody types to a question. Ends where they type that it is enough for
        now; raises what ends a command.
        """
        waiting, put_off = deque[Person](), deque[Person]()
        for one in self._people:
            if not is_done(one, self._notes):
                later = self._notes.marks.get(one.code) == "later"
                (put_off if later else waiting).append(one)
        try:
            while waiting or put_off:
                person = waiting.popleft() if waiting else put_off.popleft()
                if self._lead(person, answer) == "later" and waiting:
                    put_off.append(person)
        except _Over:
            pass

    def _lead(self, person: Person, answer: Callable[[str], str]) -> Mark | None:
        """One worker, until they have two prints or are put off, by which mark."""
        people = [one for one in self._people if not one.deactivated]
        done = sum(is_done(one, self._notes) for one in people)
        told = {"code": person.code, "name": person.name}
        tell(say("day.next", done=done, of=len(people), **told), err=True)
        tried: list[str] = []
        while len(person.fingers) < WANTED:
            finger = next_finger(person.fingers, tried)
            if finger is None:
                return self._put_off(person, "enough" if person.fingers else "poor")
            question = say("day.choose-second" if person.fingers else "day.choose", finger=finger)
            typed = answer(question).strip()
            if typed == _END:
                raise _Over
            if typed == _ANOTHER:
                tried.append(finger)
            elif typed in _MARKS:
                mark = _MARKS[typed]
                second = person.fingers and mark != "later"
                return self._put_off(person, "enough" if second else mark)
            elif typed == "":
                self._enrol(person, finger)
            else:
                tell(say("day.keys"), err=True)
        return None

    def _enrol(self, person: Person, finger: str) -> None:
        # By the code as well: two who have one name are called one after the other.
        whose = who(person.code, {person.code: person.name})
        self._called.whose = say("people.finger-whose", finger=finger, whose=whose)
        try:
            told: dict[str, Any] = self._perform(Enroll(code=person.code, finger=finger))
        except (BadRequest, SensorFault, Refusal) as error:
            tell_failure(error.message)
            if error.message.name in _UNREAD:
                self._notes.not_read(person.code, finger)
                self._keep()
            return
        person.fingers.append(finger)
        proof = ProvedFinger(told["score"], told["quality"])
        self._notes.proved(person.code, finger, proof)
        self._keep()
        tell(say("day.enrolled", finger=finger, score=proof.score, quality=proof.quality), err=True)

    def _put_off(self, person: Person, mark: Mark) -> Mark:
        self._notes.put_off(person.code, mark)
        self._keep()
        tell(say(f"day.put-{mark}", name=person.name, code=person.code), err=True)
        return mark

    def _keep(self) -> None:
        write_notes(self._path, self._notes)


def next_finger(held: list[str], tried: list[str]) -> str | None:
    """Which finger is asked for: of the hand that has none yet, and first of the right one.

    None: each was tried.
    """
    right = any(finger.startswith("right") for finger in held)
    hands = ("left", "right") if right else ("right", "left")
    fingers = [f"{hand}-{name}" for hand in hands for name in _IN_TURN]
    return next((finger for finger in fingers if finger not in (*held, *tried)), None)
