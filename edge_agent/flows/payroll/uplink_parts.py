"""What the uplink's thread is given to work with."""

from collections.abc import Callable
from dataclasses import dataclass

from ...domain.messages import GateStatus
from ...domain.roster import Heard
from ...domain.topics import Topics
from ...ports import Broker, Clock, Examiner, Store, Tell
from ...settings.schema import HomeAssistantSettings, MqttSettings
from .payroll_says import Disowned


@dataclass(frozen=True, kw_only=True)
class UplinkParts:
    """The ports and settings of the uplink's thread, on which all but ``tell`` are called.

    ``leave``: payroll holds another history of this ledger; whether a new one begins.
    ``on_roster`` takes what arrives as payroll's roster, and never blocks.
    """

    settings: MqttSettings
    topics: Topics
    broker: Broker
    open_store: Callable[[], Store]
    status: Callable[[], GateStatus]
    tell: Tell
    clock: Clock
    leave: Callable[[Disowned], bool]
    on_roster: Callable[[Heard], None]
    examiner: Examiner
    home_assistant: HomeAssistantSettings
