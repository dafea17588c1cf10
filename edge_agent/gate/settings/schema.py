"""Every setting, declared once with its type, range and default. Units stand in the names."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ...contract.broker.access import BrokerAccess, Tls
from ..directions import DirectionRule, KeyDefault
from ..roles import GROUPS, Role

Pin = Annotated[int, Meta(ge=0, le=27)] | Literal["none"]
"""A BCM pin number of the 40-pin header, or "none" where nothing is connected."""

TcpPort = Annotated[int, Meta(ge=1, le=65535)]
Text = Annotated[str, Meta(pattern=r"\A[^\x00]+\Z")]
TopicRoot = Annotated[str, Meta(pattern=r"\A[^/$#+\x00-\x20\x7f][^#+\x00-\x20\x7f]*(?<!/)\Z")]
"""The first part of topics: no wildcards, no spaces, no '/' at its ends."""
OptionalText = Annotated[str, Meta(pattern=r"\A[^\x00]*\Z")]


class Section(Struct, frozen=True, kw_only=True):
    """Base of all sections."""


class GateSettings(Section, frozen=True, kw_only=True):
    """``id`` names the gate in every topic and entry; ``timezone`` is for people (IANA name).

    ``language`` is what commands speak; ``auto``: what the locale of whoever calls them says.
    """

    id: Annotated[str, Meta(pattern=r"\A[a-z0-9-]{1,32}\Z")]
    timezone: Text = "Asia/Ho_Chi_Minh"
    language: Literal["auto", "vi", "en"] = "auto"


class SensorSettings(Section, frozen=True, kw_only=True):
    """Where the fingerprint sensor is. ``port`` is a device or any pyserial URL."""

    port: Text = "/dev/serial0"
    baud: Literal[9600, 19200, 28800, 38400, 48000, 57600, 67200, 76800, 86400, 96000, 115200] = (
        57600
    )
    password_file: OptionalText = ""
    """Where the password of a module stands that has one."""
    captures: Annotated[int, Meta(ge=1, le=5)] = 3
    """How often one touch is captured before it is answered "not recognised"."""
    min_score: Annotated[int, Meta(ge=0, le=1000)] = 0
    """The lowest score that counts as recognised, beyond the sensor's own security level."""
    confirm_below: Annotated[int, Meta(ge=0, le=1000)] = 0
    """A match below this score counts only where a second look finds the same print; 0: all do."""
    touch_pin: Pin = "none"
    touch_active: Literal["low", "high"] = "low"
    touch_sleep: bool = False
    """Whether the touch output works only after the sleep instruction (0x33)."""
    power_pin: Pin = "none"
    power_active: Literal["low", "high"] = "high"


READERS = "/dev/input/by-id"
"""Where the system has readers by names that stay."""

DevicePath = Annotated[str, Meta(pattern=r"\A/[^\x00]+\Z", max_length=200)]
"""Of an input device, best one in READERS."""

HoursText = Annotated[
    str, Meta(pattern=r"\A([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d\Z", max_length=11)
]
"""Hours of the day, such as "05:00-10:00", or "22:00-06:00" over midnight."""


class PanelSettings(Section, frozen=True, kw_only=True):
    """What the worker sees and hears, as BCM pins."""

    pins: Literal["gpio", "mock", "none"] = "none"
    green: Pin = 17
    amber: Pin = 27
    red: Pin = 22
    buzzer: Pin = 23
    key_in: Pin = "none"
    key_out: Pin = "none"
    lamp_in: Pin = "none"
    lamp_out: Pin = "none"
    tamper_pin: Pin = "none"
    """A contact between this pin and GND, in the gate's case."""
    tamper_active: Literal["low", "high"] = "high"
    """The level while the case is open."""
    tamper_lamp: bool = True
    """Whether the lamp calls a technician meanwhile."""
    buzzer_kind: Literal["active", "passive"] = "active"
    """An active one sounds by itself, a passive one plays the pitch that it is given."""
    voice: Annotated[str, Meta(pattern=r"\A(espeak-ng|/[^\x00]+|)\Z")] = ""
    """What says aloud what the screen shows: nothing, espeak-ng, or a folder of recordings."""


class PunchSettings(Section, frozen=True, kw_only=True):
    """The gate's rules. ``repeat_window_s`` 0 turns the repeat rule off."""

    repeat_window_s: Annotated[int, Meta(ge=0, le=86400)] = 60
    direction: DirectionRule = DirectionRule.NONE
    without_key: KeyDefault = KeyDefault.NONE
    in_hours: tuple[HoursText, ...] = ()
    out_hours: tuple[HoursText, ...] = ()


class ReaderSettings(Section, frozen=True, kw_only=True):
    """Readers of cards and QR codes, and keypads: whatever types like a keyboard, at the USB."""

    devices: tuple[DevicePath, ...] = ()
    allow: Literal["all", "named"] = "all"
    """Who may use them: "named": only whom a supervisor has named."""


class PrivacySettings(Section, frozen=True, kw_only=True):
    """What is asked of the workers, and how long what is kept of them stays."""

    consent: Literal["required", "off"] = "off"
    """Whether a worker's fingers are used only with a consent that is written down here."""
    erase_within_days: Annotated[int, Meta(ge=0, le=5)] = 0
    """Working days after which whoever leaves or withdraws is erased; not recognised at once."""
    evidence_months: Annotated[int, Meta(ge=1, le=1200)] = 13
    """How long the gate keeps which finger a punch was, and how well it matched."""
    attempts_months: Annotated[int, Meta(ge=1, le=1200)] = 3
    """How long it keeps whose a refused touch was."""
    consent_record_years: Annotated[int, Meta(ge=1, le=100)] = 3
    """How long the record of a consent stays that has ended, and of a request that was answered."""

    @property
    def asks(self) -> bool:
        """Whether a consent is asked for."""
        return self.consent == "required"


class StoreSettings(Section, frozen=True, kw_only=True):
    """The SQLite file that holds the ledger, the workers and the prints."""

    path: Text = "/var/lib/edge-agent/gate.db"
    prune_after_months: Annotated[int, Meta(ge=13, le=1200)] | Literal["never"] = "never"
    """Entries that payroll has confirmed are deleted at this age."""


class ClockSettings(Section, frozen=True, kw_only=True):
    """``always`` is for a host whose time is kept elsewhere (a virtual machine, the demo).

    ``drift_ppm`` bounds how far the machine's own clock strays from the true pace, in millionths.
    """

    trust: Literal["auto", "always"] = "auto"
    drift_ppm: Annotated[int, Meta(ge=1, le=10000)] = 500


class MqttSettings(Section, frozen=True, kw_only=True):
    """The broker, the way to it, and what counts as payroll having an entry."""

    host: Text = "localhost"
    port: TcpPort | Literal["auto"] = "auto"
    tls: Tls = "auto"
    ca_file: OptionalText = ""
    cert_file: OptionalText = ""
    key_file: OptionalText = ""
    username: OptionalText = ""
    password_file: OptionalText = ""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    root: TopicRoot = "attendance"
    confirm_by: Literal["payroll", "broker"] = "payroll"
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 60
    receipt_timeout_s: Annotated[int, Meta(ge=1, le=3600)] = 30

    @property
    def access(self) -> BrokerAccess:
        """The way to the broker."""
        return BrokerAccess.of(self)


class SignerSettings(Section, frozen=True, kw_only=True):
    """By which key somebody signs; two while one takes the place of the other."""

    # No patterns in this union: msgspec 0.22 ends the process for them (meaning.py has a look).
    public_key: str | list[str] = ""

    @property
    def keys(self) -> list[str]:
        """All of them; none: nobody is believed by a signature."""
        stated = self.public_key
        return [key for key in ([stated] if isinstance(stated, str) else stated) if key]


class PayrollSettings(SignerSettings, frozen=True, kw_only=True):
    """Who signs what payroll says. Without a key it need not be signed."""


class UpgradeSettings(SignerSettings, frozen=True, kw_only=True):
    """Who signs new versions of the program. Without a key none is taken."""


class HomeAssistantSettings(Section, frozen=True, kw_only=True):
    """Whether Home Assistant finds the gate by itself, on the same broker."""

    discovery: bool = False
    prefix: TopicRoot = "homeassistant"
    punches: bool = False
    """Whether it is told of punches as well, which are personal data."""


class ControlSettings(Section, frozen=True, kw_only=True):
    """The Unix-domain socket on which the daemon takes the commands of ``edge-agent``."""

    socket: Text = "/run/edge-agent/control.sock"


GroupName = Annotated[str, Meta(pattern=r"\A[a-z_][a-z0-9_.-]{0,31}\Z")]
"""A group of the system, as useradd(8) takes it."""


class RoleSettings(Section, frozen=True, kw_only=True):
    """The groups of the system whose members have a role at the gate (roles.py)."""

    technician: GroupName = GROUPS[Role.TECHNICIAN]
    supervisor: GroupName = GROUPS[Role.SUPERVISOR]
    auditor: GroupName = GROUPS[Role.AUDITOR]

    @property
    def groups(self) -> dict[Role, str]:
        """Role → its group."""
        return {role: getattr(self, role) for role in Role}


class DisplaySettings(Section, frozen=True, kw_only=True):
    """What the screen at the gate shows of a worker, in which language, and whom to call."""

    show: Literal["name", "code", "initials", "nothing"] = "name"
    language: Literal["vi", "en"] = "vi"
    call: Annotated[str, Meta(pattern=r"\A[^\x00-\x1f\x7f]*\Z", max_length=60)] = ""


class LogSettings(Section, frozen=True, kw_only=True):
    """How log lines on stderr look."""

    format: Literal["plain", "json"] = "plain"


class Settings(Struct, frozen=True, kw_only=True):
    """The whole file, a section each."""

    gate: GateSettings
    sensor: SensorSettings
    panel: PanelSettings
    punch: PunchSettings
    reader: ReaderSettings
    privacy: PrivacySettings
    store: StoreSettings
    clock: ClockSettings
    mqtt: MqttSettings
    payroll: PayrollSettings
    home_assistant: HomeAssistantSettings
    control: ControlSettings
    roles: RoleSettings
    display: DisplaySettings
    upgrade: UpgradeSettings
    log: LogSettings
