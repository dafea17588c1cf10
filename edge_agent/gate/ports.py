"""What the gate's flows need of the world where it has two forms: the real one, and a test's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

from msgspec import Struct

from ..contract.broker.limits import BrokerLimits
from ..contract.facts import Direction
from ..contract.language import Message
from ..contract.messages import ReportLine
from ..contract.stamps import Stamp
from .errors import SensorFault
from .events import Event, Outcome
from .rules import Hint, Match


class Touch(Protocol):
    """The sensor's own touch output: tells of a finger without a word on the line."""

    @property
    def felt(self) -> bool:
        """Whether a finger is felt now."""

    def listen(self, heard: Callable[[], None]) -> None:
        """Have ``heard`` called, on any thread, at each touch that begins."""

    def close(self) -> None:
        """Let go of the pin."""


class Tamper(Protocol):
    """The contact in the gate's case."""

    @property
    def is_open(self) -> bool:
        """Whether the case is open, or was since this was last asked."""

    def close(self) -> None:
        """Let go of the pin."""


class Power(Protocol):
    """What switches the sensor's supply."""

    def switch(self, on: bool) -> None:
        """Give the sensor power, or take it away."""

    @property
    def is_on(self) -> bool:
        """Whether the pin has the level at which the sensor has power."""

    def close(self) -> None:
        """Let go of the pin."""


class Clock(Protocol):
    """The one source of moments."""

    def stamp(self) -> Stamp:
        """The raw clock readings of now."""

    def monotonic(self) -> float:
        """Seconds that never step, for timeouts."""

    def hardware_clock_held(self, synced: Stamp) -> bool | None:
        """Whether the battery-backed clock was right when this boot began; None: cannot tell.

        ``synced`` is a stamp from after the boot's first synchronisation.
        """


class SensorInfo(Struct, frozen=True, kw_only=True):
    """What a sensor says of itself (ReadSysPara)."""

    system_id: int
    capacity: int
    security_level: int
    baud: int
    adapter: str | None = None
    """The USB adapter that it hangs on, for ``Sensor.expect``; None where it hangs on none."""
    moved: Message | None = None
    """What a technician should know of its port, where that has another name than it should."""


@dataclass(frozen=True)
class FingerImage:
    """What the sensor's camera saw, row by row: one byte a pixel, 0 is black and 255 white."""

    width: int
    height: int
    pixels: bytes = field(repr=False)  # somebody's finger: never in a log


class Buffer(StrEnum):
    """The sensor's two places for a capture's features (the datasheet's CharBuffer1 and 2)."""

    ONE = "1"
    TWO = "2"


GoOn = Callable[[SensorFault | None], None]
"""Called between two questions of many: with None, or with the fault that has spoiled the answer to
the last one, which is asked again if this returns."""


def give_up(fault: SensorFault | None) -> None:
    """A GoOn that asks nothing again."""
    if fault is not None:
        raise fault


class Sensor(Protocol):
    """A fingerprint sensor. Every method raises a SensorFault when the link cannot be relied on.

    After a SensorFault nothing that the failed call might have returned may be used; ``recover``
    either makes the link trustworthy again or raises.
    """

    def connect(self) -> SensorInfo:
        """Open the port, wait for the sensor to boot, verify the password, read its parameters."""

    def expect(self, adapter: str | None) -> None:
        """At the next ``connect`` look for the USB adapter that a SensorInfo has told, too."""

    def recover(self) -> None:
        """Prove that no older reply is still on its way; the next exchange can be trusted."""

    def close(self) -> None:
        """Let go of the port. Never raises; closing twice is fine."""

    def restart(self) -> bool:
        """Take the sensor's power away for a moment; False where no pin switches it.

        The port is closed then: connect.
        """

    def sleep(self) -> None:
        """Let the sensor sleep until it is touched or asked; SensorRefused where it cannot."""

    def check(self) -> None:
        """Ask for a sign of life; a sensor that has gone is told within half a second."""

    def capture(self) -> bool | None:
        """Take an image. False: no finger is on the glass; None: the sensor could not tell."""

    def extract(self, buffer: Buffer = Buffer.ONE) -> Hint | None:
        """Turn the image into features in ``buffer``; a Hint where the scan is too poor."""

    def search(self, buffer: Buffer = Buffer.ONE, only: int | None = None) -> Match | None:
        """Search a buffer in the sensor's whole library, or in the slot ``only``."""

    def likeness(self) -> int:
        """The score of the features in both buffers, by the sensor's own Match.

        0 where they are not one finger's, and where it cannot tell.
        """

    def merge(self) -> bool:
        """Make one template of both buffers; False where they are different fingers."""

    def store(self, slot: int) -> None:
        """Write the template to ``slot``; returns once the index was read back and shows it."""

    def erase(self, slot: int) -> None:
        """Erase ``slot``; returns once the index was read back and no longer shows it."""

    def slots(self, go_on: GoOn = give_up) -> frozenset[int]:
        """The slots that hold a template; a module without an index takes up to 20 seconds."""

    def read_template(self, slot: int) -> bytes:
        """The template in ``slot``; SensorRefused where there is none."""

    def write_template(self, slot: int, template: bytes) -> None:
        """Write a template that ``read_template`` has given, here or at another sensor.

        Returns once the index shows it and the same bytes were read back from ``slot``. BadRequest,
        with nothing written, where this sensor's templates are of another size.
        """

    def twin_of(self, slot: int, others: Sequence[int]) -> int | None:
        """The first of ``others`` whose template is of the same finger as that in ``slot``."""

    def read_notepad(self, page: int) -> bytes:
        """The 32 bytes of one of the notepad's 16 pages."""

    def write_notepad(self, page: int, data: bytes) -> None:
        """Write 32 bytes; returns once they were read back."""

    def read_image(self) -> FingerImage:
        """The image of the last capture; SensorRefused where there is none."""

    def try_passwords(self, *passwords: int) -> None:
        """At the next ``connect`` try these, and then none at all."""


class Panel(Protocol):
    """What the worker sees and hears. No method waits for a lamp or a tone."""

    @property
    def problem(self) -> Message | None:
        """Why nothing can be shown, and what to do about it; None: it can."""

    def touched(self) -> None:
        """A finger is on the glass: darken whatever is lit, amber on."""

    def show(
        self,
        outcome: Outcome,
        hint: Hint | None = None,
        *,
        direction: Direction | None = None,
        offline: bool = False,
    ) -> None:
        """Show a touch its outcome; ``offline`` tells that payroll will have it later."""

    def fault(self, present: bool) -> None:
        """Begin or end the standing sign that the sensor cannot be used."""

    def busy(self, present: bool) -> None:
        """Begin or end the standing sign that somebody is being enrolled."""

    def call(self, present: bool) -> None:
        """Begin or end the standing sign that somebody should look at the gate."""

    def choose(self, way: Direction | None) -> None:
        """Light the lamp of the direction that would be recorded now."""

    def dark(self) -> None:
        """All lamps and the buzzer off."""

    def close(self) -> None:
        """Dark, and let go of the pins."""


class Keys(Protocol):
    """The keys by which a worker says which way they pass."""

    def pressed(self) -> list[tuple[Direction, float]]:
        """Which keys were pressed since, and when on the monotonic clock, the first one first."""

    def listen(self, heard: Callable[[], None]) -> None:
        """Have ``heard`` called, on whatever thread, at each press."""

    def close(self) -> None:
        """Let go of the pins."""


@dataclass(frozen=True)
class Typed:
    """A line that a reader has typed; ``text`` is None where it cannot be read for certain.

    ``quick``: no person has typed it. ``at`` is when, on the monotonic clock.
    """

    device: str
    text: str | None = field(repr=False)  # somebody's card: never in a log
    quick: bool
    at: float


class Readers(Protocol):
    """The readers of cards and QR codes, and the keypads."""

    @property
    def problem(self) -> Message | None:
        """What cannot be used of them, and what to do; None: all can."""

    def next(self) -> Typed | None:
        """The line that has waited for the longest, if one does. Never blocks."""

    def listen(self, heard: Callable[[], None]) -> None:
        """Have ``heard`` called, on whatever thread, where a line waits and none did."""

    def close(self) -> None:
        """Read no more, and let go of the devices."""


class Examiner(Protocol):
    """Looks at the whole gate as ``edge-agent doctor`` does, without keeping anybody waiting."""

    def begin(self) -> None:
        """Begin to look. Never blocks."""

    def findings(self) -> list[ReportLine] | str | None:
        """What was found, once; why nothing could be, or None while it is not there yet."""


class Emit(Protocol):
    """Where events go. Never blocks and never raises."""

    def __call__(self, event: Event) -> None:
        """Tell whoever is watching."""


MqttVersion = Literal["5", "3.1.1"]


class BrokerUp(Struct, frozen=True):
    """The broker accepts us, and says what it takes."""

    version: MqttVersion
    limits: BrokerLimits = BrokerLimits()


class BrokerDown(Struct, frozen=True):
    """There is no connection, or no longer: why, in sentences that a technician understands.

    It comes alone; until it has come, what is sent meanwhile is lost without an error.
    ``taken_over``: another client has come with our client id, as far as the broker says so.
    ``hung_up``: it had let us in, and closed the connection without a word.
    """

    reason: Message
    taken_over: bool = False
    hung_up: bool = False


class Subscribed(Struct, frozen=True):
    """The broker's answer to a subscription: the topics it refuses, and why."""

    refused: dict[str, Message]


class Acknowledged(Struct, frozen=True):
    """The broker's answer to a publication: an MQTT 5 reason code, and what it means if not 0.

    Where it acknowledges nothing (QoS 0), that the publication was written to the line.
    """

    token: int
    code: int
    why: Message | None


class Received(Struct, frozen=True):
    """A message. ``retained``: the broker has kept it from before we subscribed."""

    topic: str
    payload: bytes
    retained: bool


BrokerEvent = BrokerUp | BrokerDown | Subscribed | Acknowledged | Received


class Pause(Struct, frozen=True):
    """Until the next try at the broker, in seconds of the monotonic clock.

    ``tried``: when the last one was over; None: none was since the connection that has ended.
    """

    tried: float | None
    until: float


class Broker(Protocol):
    """The MQTT broker. Everything goes out at QoS 1, as far as it takes that, and sessions are
    clean. What is larger than it takes is not sent, and acknowledged as too large.

    One thread's, but for ``wake``. Between BrokerDown and the next BrokerUp nothing may be sent,
    and no token of the old connection is ever acknowledged.
    """

    def open(self, versions: Sequence[MqttVersion], will_topic: str, will: bytes) -> None:
        """Connect from now on, again and again, trying ``versions`` in this order. Never blocks.

        ``will`` is what the broker publishes, retained, where we vanish without ``close``.
        """

    def poll(self, seconds: float) -> list[BrokerEvent]:
        """Do the network's work until something happened, ``wake`` was called or time is up."""

    @property
    def pause(self) -> Pause | None:
        """None: there is a connection, or one is tried for. For any thread."""

    def subscribe(self, topics: Mapping[str, int]) -> None:
        """Ask for the messages on these topics, each at its quality of service."""

    def publish(
        self, topic: str, payload: bytes, *, content_type: str | None = None, retain: bool = False
    ) -> int:
        """Send, and return the token under which it will be acknowledged.

        Raises BrokerFault where there is no connection.
        """

    def wake(self) -> None:
        """End a ``poll`` that is waiting. For any thread; never blocks, never raises."""

    def hang_up(self) -> None:
        """End the connection without a goodbye, so that the broker publishes the will."""

    def close(self) -> None:
        """Say goodbye and connect no more. Never blocks; closing twice is fine."""
