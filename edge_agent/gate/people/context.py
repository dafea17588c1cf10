"""What a request is carried out with: the gate's parts, who asks, and the person at the sensor."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from msgspec import Struct

from ...contract.errors import BadRequest
from ...contract.language import Message
from ...contract.people import Print, Worker, checked_code, is_code, look_alikes, so_called
from ...contract.stamps import Stamp, local_date
from ..credentials import CardInbox
from ..errors import SensorSilent
from ..events import PanelShown
from ..ledger.recorder import Recorder
from ..ports import Panel, Sensor, SensorInfo
from ..rules import Match
from ..sensor.pairing import Pairing
from ..uplink.carried import CarriedReceipts
from .prompt import GuidedCapture, Prompt
from .templates.backup_file import Header
from .templates.records import LookedAt, Strangers
from .templates.sealing import AgeSealing, KeyPair


def not_in_use(missing: Message | str | None = None) -> NoReturn:
    """Nobody connects it for a request: the daemon sees to it by itself. ``missing`` says why."""
    raise SensorSilent("people.no-sensor", why=missing or Message("people.sensor-comes"))


Result = dict[str, Any]
"""What a request came to: what ``--json`` prints."""


class BackupUnderWay(Struct):
    """Which prints are being sealed, in which order, and which of them are by now."""

    header: Header
    prints: list[Print]
    sealed: set[Print]


class Transfers(Struct):
    """What one request about templates leaves for the next; it lives as long as the process.

    ``courier`` is made when it is first asked for: templates are sealed to it on their way here.
    ``removed``: which prints somebody has removed, read once in a restore: all of the ledger is
    looked through for it. ``looked_at``: the file that is restored.
    """

    strangers: Strangers
    backup: BackupUnderWay | None = None
    courier: KeyPair | None = None
    removed: set[tuple[str, str]] | None = None
    looked_at: LookedAt | None = None


@dataclass(frozen=True, kw_only=True)
class RequestContext:
    """What each handler is given beside the request.

    ``connected`` is what the sensor in use says of itself, None while it is not in use, and
    ``connect`` what is then asked for it by whoever needs it. ``punch`` answers somebody who
    presses in between, as a touch is answered; ``actor`` goes into the ledger. ``inbox`` is where
    the readers leave a card that is nobody's yet, ``receipts`` where one that was carried counts.
    """

    gate: Recorder
    sensor: Sensor
    panel: Panel
    pairing: Pairing
    sealing: AgeSealing
    transfers: Transfers
    connected: SensorInfo | None
    connect: Callable[[], SensorInfo]
    punch: Callable[[Match, Stamp], PanelShown]
    prompt: Prompt
    actor: str
    inbox: CardInbox
    has_readers: bool
    receipts: CarriedReceipts | None = None

    def sensor_in_use(self) -> SensorInfo:
        """What it says of itself: connected, and the one that the prints are in.

        To be asked for after the words of the request were looked at. Raises SensorFault where it
        is not in use.
        """
        return self.connected or self.connect()

    def worker(self, text: str) -> Worker:
        """The worker whose code was typed. Raises BadRequest where there is none, with who may be
        meant: the code has lost its zeros, is in another case, or is a name.
        """
        code = unicodedata.normalize("NFC", text.strip())
        if is_code(code) and (worker := self.gate.store.worker(code)) is not None:
            return worker
        workers = self.gate.known.workers
        names = {one.code: one.name for one in workers.values()}
        if meant := look_alikes(code, workers) or so_called(code, names):
            raise BadRequest("people.unknown-but", code=code, meant=meant)
        told = {"code": checked_code(text), "otherwise": Message("people.add-first")}
        raise BadRequest("people.unknown", **told)

    @property
    def today(self) -> str | None:
        """The gate's own day, ``YYYY-MM-DD``; None where its clock is not to be believed."""
        now = self.gate.clock.stamp()
        return local_date(now.wall_ms, self.gate.policy.zone) if now.trusted else None

    @property
    def capture(self) -> GuidedCapture:
        """Guides the person at the sensor."""
        return GuidedCapture(self.gate, self.sensor, self.panel, self.prompt)
