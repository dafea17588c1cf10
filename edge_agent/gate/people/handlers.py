"""Who carries out which request, and what has to be so before and after it.

The one table of them, for the daemon and for a command without one. A new request needs its
struct (requests.py, or templates/requests.py), its handler, and its row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

from ...contract.errors import BadRequest
from ...contract.stamps import Stamp
from ..credentials import CardInbox
from ..ledger.recorder import Recorder
from ..ports import Panel, Sensor, SensorInfo
from ..rules import Match
from ..sensor.pairing import Pairing
from ..uplink.carried import CarriedReceipts
from .back_up import begin_backup, keep_backup, seal_prints
from .carry_in import take_receipt
from .claims import close_claim, open_claim
from .consent import record_consent
from .context import RequestContext, Result, Transfers, not_in_use
from .credentials import (
    add_credential,
    allow_credentials,
    ask_card,
    await_card,
    make_qr,
    remove_credential,
)
from .enroll import enroll, identify, remove_print
from .import_workers import import_workers
from .leave import forget_worker, leave_worker, tell_erased, withdraw_consent
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
from .reseal import begin_reseal, destroy_backup, keep_reseal
from .restore import ask_courier, begin_restore, restore_prints
from .retire import retire_gate
from .sensor import adopt_sensor, ask_sensor, take_image
from .supervise import add_punch, void_punch
from .templates.records import Strangers
from .templates.requests import (
    AskCourier,
    BeginBackup,
    BeginReseal,
    BeginRestore,
    DestroyBackup,
    KeepBackup,
    KeepReseal,
    RestorePrints,
    SealPrints,
)
from .templates.sealing import AgeSealing
from .workers import activate_worker, add_worker, deactivate_worker, list_people, rename_worker


@dataclass(frozen=True)
class Handler:
    """Who carries a request out: whole, or not at all and with an EdgeAgentError."""

    carry_out: Callable[[RequestContext, Any], Result]
    _: KW_ONLY
    tells_of_sensor: bool = False
    """Whether it may show that the sensor is another one, or fuller than before."""
    takes_finger: bool = False
    """Whether somebody presses: the finger on the glass afterwards has had its answer."""


HANDLERS: Mapping[type[Request], Handler] = {
    AddWorker: Handler(add_worker),
    RenameWorker: Handler(rename_worker),
    ActivateWorker: Handler(activate_worker),
    DeactivateWorker: Handler(deactivate_worker),
    ImportWorkers: Handler(import_workers),
    VoidPunch: Handler(void_punch),
    AddPunch: Handler(add_punch),
    AskPeople: Handler(list_people),
    Enroll: Handler(enroll, tells_of_sensor=True, takes_finger=True),
    RemovePrint: Handler(remove_print, tells_of_sensor=True),
    Identify: Handler(identify, tells_of_sensor=True, takes_finger=True),
    AddCredential: Handler(add_credential),
    AwaitCard: Handler(await_card),
    AskCard: Handler(ask_card),
    MakeQr: Handler(make_qr),
    RemoveCredential: Handler(remove_credential),
    AllowCredentials: Handler(allow_credentials),
    RecordConsent: Handler(record_consent),
    WithdrawConsent: Handler(withdraw_consent),
    LeaveWorker: Handler(leave_worker),
    OpenClaim: Handler(open_claim),
    CloseClaim: Handler(close_claim),
    TellErased: Handler(tell_erased),
    ForgetWorker: Handler(forget_worker),
    TakeReceipt: Handler(take_receipt),
    RetireGate: Handler(retire_gate),
    AskSensor: Handler(ask_sensor, tells_of_sensor=True),
    AdoptSensor: Handler(adopt_sensor, tells_of_sensor=True),
    TakeImage: Handler(take_image, takes_finger=True),
    BeginBackup: Handler(begin_backup),
    SealPrints: Handler(seal_prints),
    KeepBackup: Handler(keep_backup),
    BeginReseal: Handler(begin_reseal),
    KeepReseal: Handler(keep_reseal),
    DestroyBackup: Handler(destroy_backup),
    AskCourier: Handler(ask_courier),
    BeginRestore: Handler(begin_restore),
    RestorePrints: Handler(restore_prints),
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
        punch: Callable[[Match, Stamp], None],
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
