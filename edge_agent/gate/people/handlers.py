"""Who carries out which request, and what has to be so before and after it.

The one table of them, for the daemon and for a command without one. A new request needs its
struct (requests.py, or templates/requests.py), its handler, and its row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from importlib import import_module
from typing import Any

from ...contract.errors import BadRequest
from ...contract.stamps import Stamp
from ..credentials import CardInbox
from ..events import PanelShown
from ..ledger.recorder import Recorder
from ..ports import Panel, Sensor, SensorInfo
from ..rules import Match
from ..sensor.pairing import Pairing
from ..uplink.carried import CarriedReceipts
from .context import RequestContext, Result, Transfers, not_in_use
from .prompt import Prompt
from .requests import (
    ActivateWorker,
    AddCredential,
    AddPunch,
    AddWorker,
    AdoptSensor,
    AllowCredentials,
    AskCard,
    AskPeople,
    AskSensor,
    AwaitCard,
    CloseClaim,
    DeactivateWorker,
    DropLeave,
    Enroll,
    ForgetWorker,
    Identify,
    ImportWorkers,
    LeaveWorker,
    MakeQr,
    OpenClaim,
    RecordConsent,
    RemoveCredential,
    RemovePrint,
    RenameWorker,
    Request,
    RetireGate,
    TakeImage,
    TakeReceipt,
    TellErased,
    VoidPunch,
    WithdrawConsent,
)
from .templates.records import Strangers
from .templates.requests import (
    AskCourier,
    BeginBackup,
    BeginReseal,
    BeginRestore,
    DestroyBackup,
    KeepBackup,
    KeepReseal,
    LoseBackup,
    PreviewRestore,
    RestorePrints,
    SealPrints,
)
from .templates.sealing import AgeSealing


@dataclass(frozen=True)
class Handler:
    """Who carries a request out: whole, or not at all and with an EdgeAgentError."""

    module: str
    """Of this package: loaded at the first such request, for most come once a month, if ever."""
    function: str
    _: KW_ONLY
    tells_of_sensor: bool = False
    """Whether it may show that the sensor is another one, or fuller than before."""
    takes_finger: bool = False
    """Whether somebody presses: the finger on the glass afterwards has had its answer."""

    @property
    def carry_out(self) -> Callable[[RequestContext, Any], Result]:
        """The function itself."""
        found: Callable[[RequestContext, Any], Result]
        found = getattr(import_module(f".{self.module}", __package__), self.function)
        return found


HANDLERS: Mapping[type[Request], Handler] = {
    AddWorker: Handler("workers", "add_worker"),
    RenameWorker: Handler("workers", "rename_worker"),
    ActivateWorker: Handler("workers", "activate_worker"),
    DeactivateWorker: Handler("workers", "deactivate_worker"),
    ImportWorkers: Handler("import_workers", "import_workers"),
    VoidPunch: Handler("supervise", "void_punch"),
    AddPunch: Handler("supervise", "add_punch"),
    AskPeople: Handler("workers", "list_people"),
    Enroll: Handler("enroll", "enroll", tells_of_sensor=True, takes_finger=True),
    RemovePrint: Handler("enroll", "remove_print", tells_of_sensor=True),
    Identify: Handler("enroll", "identify", tells_of_sensor=True, takes_finger=True),
    AddCredential: Handler("credentials", "add_credential"),
    AwaitCard: Handler("credentials", "await_card"),
    AskCard: Handler("credentials", "ask_card"),
    MakeQr: Handler("credentials", "make_qr"),
    RemoveCredential: Handler("credentials", "remove_credential"),
    AllowCredentials: Handler("credentials", "allow_credentials"),
    RecordConsent: Handler("consent", "record_consent"),
    WithdrawConsent: Handler("leave", "withdraw_consent"),
    LeaveWorker: Handler("leave", "leave_worker"),
    DropLeave: Handler("workers", "drop_leave"),
    OpenClaim: Handler("claims", "open_claim"),
    CloseClaim: Handler("claims", "close_claim"),
    TellErased: Handler("leave", "tell_erased"),
    ForgetWorker: Handler("leave", "forget_worker"),
    TakeReceipt: Handler("carry_in", "take_receipt"),
    RetireGate: Handler("retire", "retire_gate"),
    AskSensor: Handler("sensor", "ask_sensor", tells_of_sensor=True),
    AdoptSensor: Handler("sensor", "adopt_sensor", tells_of_sensor=True),
    TakeImage: Handler("sensor", "take_image", takes_finger=True),
    BeginBackup: Handler("back_up", "begin_backup"),
    SealPrints: Handler("back_up", "seal_prints"),
    KeepBackup: Handler("back_up", "keep_backup"),
    BeginReseal: Handler("reseal", "begin_reseal"),
    KeepReseal: Handler("reseal", "keep_reseal"),
    DestroyBackup: Handler("reseal", "destroy_backup"),
    LoseBackup: Handler("reseal", "lose_backup"),
    AskCourier: Handler("restore", "ask_courier"),
    BeginRestore: Handler("restore", "begin_restore"),
    PreviewRestore: Handler("restore", "preview_restore"),
    RestorePrints: Handler("restore", "restore_prints"),
}


_AFTER_THE_LAST = (RetireGate, TakeReceipt)
"""What is still done where the ledger's last entry says that the gate is out of service."""


class Dispatcher:
    """Has requests carried out on one gate, one after the other, as long as the process lives."""

    def __init__(
        self,
        gate: Recorder,
        sensor: Sensor,
        panel: Panel,
        pairing: Pairing,
        sealing: AgeSealing,
        punch: Callable[[Match, Stamp], PanelShown],
        connect: Callable[[], SensorInfo] = not_in_use,
        inbox: CardInbox | None = None,
        receipts: CarriedReceipts | None = None,
    ) -> None:
        """``punch`` answers whoever presses while somebody else is waited for.

        ``connect`` is asked for the sensor where it is needed and not in use; ``inbox`` is there
        where there are readers, ``receipts`` where there is a way to payroll.
        """
        self._gate = gate
        self._context = partial(
            RequestContext,
            gate=gate,
            sensor=sensor,
            panel=panel,
            pairing=pairing,
            sealing=sealing,
            punch=punch,
            connect=connect,
            inbox=inbox or CardInbox(),
            has_readers=inbox is not None,
            receipts=receipts,
            transfers=Transfers(Strangers(gate, sensor, pairing)),
        )

    def carry_out(
        self, request: Request, connected: SensorInfo | None, prompt: Prompt, actor: str
    ) -> Result:
        """Return what ``--json`` prints; ``connected`` is the sensor in use, if it is.

        Raises an EdgeAgentError where it cannot be done.
        """
        handler = HANDLERS[type(request)]
        if not isinstance(request, _AFTER_THE_LAST) and self._gate.store.retired:
            raise BadRequest("retire.retired")
        context = self._context(connected=connected, prompt=prompt, actor=actor)
        return handler.carry_out(context, request)
