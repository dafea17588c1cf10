"""Have a technician's request carried out: by the daemon, or here when none runs."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..contract.errors import EdgeAgentError, StoreFault
from ..contract.language import say
from ..gate.errors import GateBusy
from ..gate.people.answers import Step
from ..gate.people.requests import AskNames, Request
from ..gate.settings.schema import Settings
from .retired import refuse_retired
from .show import who
from .tell import tell

if TYPE_CHECKING:
    from ..gate.daemon.assembly import Assembly
    from ..gate.events import Event
    from ..gate.host.lock import GateLock
    from ..gate.people.answers import StepKind
    from ..gate.ports import SensorInfo

_BETWEEN_LOOKS_S = 0.01

_HOLDER = "a command of edge-agent"

Perform = Callable[[Request], dict[str, Any]]
OnStep = Callable[[Step], None]


def _say(step: Step) -> None:
    from .words import tell_step  # Only where there is something to say.

    tell_step(step)


def carry_out(settings: Settings, request: Request, on_step: OnStep = _say) -> dict[str, Any]:
    """Return what the request came to; ``on_step`` is called for each step on the way."""
    with at_the_gate(settings, on_step) as perform:
        return perform(request)


@contextmanager
def at_the_gate(settings: Settings, on_step: OnStep = _say) -> Iterator[Perform]:
    """Carry out several requests, one after the other.

    With a daemon running it does the work, for it alone owns the sensor; one that just starts is
    waited for. Otherwise the work is done in this process, under the lock that a starting daemon
    waits for.
    """
    # Only now, here and below: the module of a command that asks also has some that only read.
    from ..gate.control.client import ask, daemon_runs

    socket = Path(settings.control.socket)
    lock = None if daemon_runs(socket) else _taken(settings)
    if lock is None:
        yield lambda request: ask(socket, _in_the_name_of_its_caller(request), on_step)
        return
    with _gate_in_this_process(settings, lock, on_step) as perform:
        yield perform


def _taken(settings: Settings) -> "GateLock | None":
    """The gate for this process; None where a daemon that was starting has it, and answers by now.

    Raises GateBusy where somebody has it whom nothing can be asked.
    """
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    lock = assembly.lock()
    try:
        lock.acquire(_HOLDER)
    except GateBusy:
        if answers_soon(settings):
            return None
        from ..gate.control.no_answer import unanswering

        if (told := unanswering(assembly.database, assembly.control_socket)) is not None:
            raise GateBusy(told) from None
        lock.acquire(_HOLDER)  # A daemon has ended meanwhile; a command that has it is told here.
    except StoreFault as fault:
        raise StoreFault("command.no-daemon", why=fault) from fault
    return lock


def answers_soon(settings: Settings) -> bool:
    """Whether a daemon answers, or does so as soon as it has started; who waits is told so."""
    from ..gate.control.no_answer import awaited

    path, socket = Path(settings.store.path), Path(settings.control.socket)
    return awaited(path, socket, lambda: tell(say("control.waits-for-start"), err=True))


def names_of(settings: Settings, within_s: float | None = None) -> dict[str, str]:
    """Who has which code, for what people read; empty where it cannot be had, or not in time."""
    from ..gate.control.client import ask, daemon_runs

    socket = Path(settings.control.socket)
    with suppress(EdgeAgentError):
        if daemon_runs(socket):
            return ask(socket, AskNames(), _say, within_s)
        from ..gate.daemon.assembly import Assembly

        with closing(Assembly(settings).store_for_reading()) as store:
            return {worker.code: worker.name for worker in store.workers()}
    return {}


def whom(settings: Settings, code: str) -> str:
    """The same of somebody who is asked about. Raises BadRequest where nobody has the code, and
    where the gate is out of service."""
    refuse_retired(settings)
    names = names_of(settings)
    if names:  # Only here: most commands ask about nobody.
        from ..contract.corrections import known_code
        from ..contract.language import Message

        code = known_code(code, names, Message("people.add-first"), names)
    return who(code, names)


@contextmanager
def _gate_in_this_process(
    settings: Settings, lock: "GateLock", on_step: OnStep
) -> Iterator[Perform]:
    """Carry out requests under the lock; the sensor is connected once it is needed."""
    import logging

    from ..gate.daemon.assembly import Assembly
    from ..gate.host.memory import write_no_core

    write_no_core()  # An enrolment reads a template.
    if (unread := logging.lastResort) is not None:
        unread.setLevel(logging.ERROR)  # What a daemon notes in its log is no answer to a command.
    assembly = Assembly(settings)
    with ExitStack() as mirror:
        mirror.callback(lock.release)
        mirror.enter_context(undone_when_hung_up())
        mirror.enter_context(assembly.open_or_succeed())
        yield _performing(assembly, on_step, mirror)


def _performing(assembly: "Assembly", on_step: OnStep, mirror: ExitStack) -> Perform:
    # Whoever asks a daemon does without what a gate is made of.
    from ..gate.errors import SensorDoubted
    from ..gate.pairing_mark import adopting
    from ..gate.people.handlers import Dispatcher
    from ..gate.sensor.pairing import Pairing
    from ..gate.touch.credit import Credit

    gate = assembly.gate(_nobody_watches)
    mirror.callback(gate.store.close)
    sensor = assembly.sensor()
    mirror.callback(sensor.close)
    panel = assembly.panel()
    mirror.callback(panel.close)
    pairing = Pairing(gate, sensor, beat=lambda: None)
    credit = Credit(gate, panel, offline=lambda: True)
    prompt = _Terminal(on_step)
    connected: SensorInfo | None = None

    def connect() -> "SensorInfo":
        nonlocal connected
        if connected is None:
            info = sensor.connect()
            if (doubt := pairing.check()) is not None:
                raise SensorDoubted(adopting(doubt))
            connected = info
        return connected

    if gate.store.owed():
        # A database restored from before an erasure: it is done again before anything else is.
        from ..gate.people.erase import Eraser

        Eraser(gate, sensor, pairing).go_on(usable=False)
    sealing = assembly.sealing()
    dispatcher = Dispatcher(
        *(gate, sensor, panel, pairing, sealing, credit.match, connect),
        receipts=assembly.carried_receipts(),
    )

    def perform(request: Request) -> dict[str, Any]:
        return dispatcher.carry_out(request, connected, prompt, f"uid:{_person()}")

    return perform


class _Terminal:
    """The person at this terminal; Ctrl-C ends the dialogue."""

    def __init__(self, on_step: OnStep) -> None:
        self._on_step = on_step

    def step(
        self,
        what: "StepKind",
        hint: str | None = None,
        score: int | None = None,
        worker: str | None = None,
    ) -> None:
        self._on_step(Step(what=what, hint=hint, score=score, worker=worker))

    def beat(self) -> None:
        time.sleep(_BETWEEN_LOOKS_S)

    def go_on(self) -> None:
        """Templates need no pause."""


@contextmanager
def undone_when_hung_up() -> Iterator[None]:
    """A terminal that goes, with its SSH, ends what is under way as Ctrl-C does: undone."""
    # Whoever calls this with handlers of its own, as the demo does, has its own way to end.
    unheeded = [
        number
        for number in (signal.SIGHUP, signal.SIGTERM)
        if signal.getsignal(number) is signal.SIG_DFL
    ]
    try:
        for number in unheeded:
            signal.signal(number, signal.default_int_handler)
        yield
    finally:
        for number in unheeded:
            signal.signal(number, signal.SIG_DFL)


def _nobody_watches(event: "Event") -> None:
    """No daemon, no event stream."""


def _in_the_name_of_its_caller(request: Request) -> Request:
    """The same; the daemon believes it of root, and of its own user."""
    person = _person()
    return request if person == os.getuid() else replace(request, by=person)


def _person() -> int:
    """Whose deed it is: this user's, or of whoever has called sudo to become this user."""
    called = os.environ.get("SUDO_UID", "")
    return int(called) if called.isdecimal() and len(called) <= _MOST_DIGITS else os.getuid()


_MOST_DIGITS = 9
"""Of a user's number that fits into what the kernel has for it."""
