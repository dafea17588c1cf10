"""Whether the daemon runs, and how the gate gets on with the broker. Nothing is published."""

from time import monotonic

from ... import __version__
from ..control.client import ask_status, daemon_runs
from ..daemon.supervised_thread import SILENT_AFTER_S
from ..ports import BrokerDown, BrokerUp, MqttVersion
from ..uplink.mqtt.broker import PahoBroker
from .context import CheckContext, check
from .findings import Judgement, Sentence, State, age_of, counted, passed_on

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

DAEMON_RUNS = Sentence(OK, "The daemon runs, version {version}")
DAEMON_OF_OTHER_VERSION = Sentence(
    WARN,
    "The daemon that runs is version {version}, this command is {own}",
    "restart the daemon: sudo systemctl restart edge-agent",
)
DAEMON_STOPPED = Sentence(
    FAIL,
    "No daemon runs, so nobody is recorded at this gate",
    "start it with 'sudo systemctl start edge-agent'; if it does not stay, "
    "'journalctl -u edge-agent -n 50' says why",
)
DAEMON_HANGS = Sentence(
    FAIL,
    "A daemon is there, but has not answered within {seconds:g} s: nobody is recorded",
    "restart it: sudo systemctl restart edge-agent",
)
GATE_THREAD_HANGS = Sentence(
    FAIL,
    "The daemon answers, but its gate thread has not moved for {silent:.0f} s: nobody is recorded",
    "restart it: sudo systemctl restart edge-agent",
)
UPLINK_THREAD_HANGS = Sentence(
    FAIL,
    "The daemon answers, but its uplink thread has not moved for {silent:.0f} s: payroll gets "
    "nothing. Nothing is lost",
    "restart it: sudo systemctl restart edge-agent",
)

_HANGING = {"gate": GATE_THREAD_HANGS, "uplink": UPLINK_THREAD_HANGS}
"""By the thread's name; the worse first."""


@check("daemon", too_slow=DAEMON_HANGS)
def daemon(context: CheckContext) -> Judgement:
    """Ask it for its status, which tells later checks what only the daemon can know."""
    socket = context.assembly.control_socket
    if not daemon_runs(socket):
        return DAEMON_STOPPED()
    context.status = ask_status(socket)
    silent_s = context.status.get("silent_s", {})  # Not told by older versions.
    for thread, sentence in _HANGING.items():
        if (silent := silent_s.get(thread, 0)) >= SILENT_AFTER_S:
            return sentence(silent=silent)
    version = context.status["version"]
    if version != __version__:
        return DAEMON_OF_OTHER_VERSION(version=version, own=__version__)
    return DAEMON_RUNS(version=version)


UPLINK_GOOD = Sentence(OK, "The daemon is connected to the broker")
UPLINK_STARTING = Sentence(
    WARN, "The daemon is not connected to the broker yet", "run this again in a minute"
)
UPLINK_AWAY = Sentence(
    FAIL,
    "The daemon has not been connected to the broker for {age}, nothing is lost. {found}",
    "{advice}",
)
UPLINK_HAS_TWIN = Sentence(
    WARN,
    "Another gate uses this gate's id, so entries go out slowly",
    "give one of the two another [gate] id",
)
UPLINK_REFUSED = Sentence(
    WARN,
    "Since the start {receipts} and {commands} from payroll's side were refused",
    "see which and why with 'journalctl -u edge-agent | grep -E \"ignored|refused\"'; only payroll "
    "may publish on those topics",
)

UPLINK_NOT_SIGNED = Sentence(
    WARN,
    "Since the start {messages} that payroll's key {keys} has not signed came as payroll's",
    "ask payroll whether it signs by that key; if it does, somebody else speaks for it: look at "
    "the broker's access list",
)

_AWAY_TOO_LONG_S = 3600
"""A reboot of the broker's machine or of the router is over long before."""

_NOT_SAID = "It does not say why: look at the line 'broker'."


@check("uplink")
def uplink(context: CheckContext) -> Judgement | None:
    """What the daemon says of its connection."""
    if context.status is None:
        return None
    way = context.status["uplink"]
    if (away_s := way.get("away_s") or 0) >= _AWAY_TOO_LONG_S:
        why = passed_on(State.FAIL, way["problem"] or _NOT_SAID)
        return UPLINK_AWAY(age=age_of(away_s), found=why.found, advice=why.advice)
    if way["problem"]:
        return passed_on(State.WARN, way["problem"])
    if way["state"] != "connected":
        return UPLINK_STARTING()
    if way.get("duplicate_gate"):
        return UPLINK_HAS_TWIN()
    if not_signed := way.get("not_signed", 0):
        return UPLINK_NOT_SIGNED(
            messages=counted(not_signed, "message", "messages"), keys=" or ".join(way["keys"])
        )
    receipts, commands = way.get("refused_receipts", 0), way.get("refused_commands", 0)
    if receipts or commands:
        return UPLINK_REFUSED(
            receipts=counted(receipts, "receipt", "receipts"),
            commands=counted(commands, "command", "commands"),
        )
    return UPLINK_GOOD()


BROKER_ANSWERS = Sentence(OK, "{host}:{port} lets this gate in, with MQTT {version}, {way}")
BROKER_IN_THE_CLEAR = Sentence(
    WARN,
    "{host}:{port} lets this gate in, with MQTT {version}, but not encrypted: whoever is on the "
    "way can read punches and forge receipts",
    'let the broker offer TLS, and set [mqtt] tls to "on"',
)
BROKER_IS_OLD = Sentence(
    WARN,
    "{host}:{port} lets this gate in, {way}, but with MQTT 3.1.1 only: under it a broker does not "
    "say when it refuses an entry",
    "use a broker that speaks MQTT 5, such as mosquitto 2",
)
BROKER_SLOW = Sentence(
    FAIL,
    "The broker at {host}:{port} has not answered within {seconds:g} s",
    "check the gate's network, its name service (DNS) and the broker's firewall; nothing is lost "
    "meanwhile",
)

_PATIENCE_S = 4.5

_VERSIONS: dict[str, tuple[MqttVersion, ...]] = {
    "auto": ("5", "3.1.1"),
    "5": ("5",),
    "3.1.1": ("3.1.1",),
}


@check("broker")
def broker(context: CheckContext) -> Judgement:
    """Connect once, under a client id that takes nothing away from the daemon."""
    mqtt, gate = context.settings.mqtt, context.settings.gate.id
    access = mqtt.access
    where = {"host": mqtt.host, "port": access.tcp_port}
    broker = PahoBroker(mqtt, f"edge-agent-{gate}-doctor")
    # A connection must have a will. An empty retained message on a topic of its own leaves nothing
    # behind, should this process be killed before it has said goodbye.
    broker.open(_VERSIONS[mqtt.protocol], f"{mqtt.root}/{gate}/doctor", b"")
    try:
        give_up = monotonic() + _PATIENCE_S
        while (left := give_up - monotonic()) > 0:
            for event in broker.poll(left):
                if isinstance(event, BrokerUp):
                    if limits := event.limits.sentences():
                        return passed_on(State.WARN, " ".join(limits.values()))
                    if access.exposed:
                        return BROKER_IN_THE_CLEAR(**where, version=event.version)
                    old = event.version != "5"
                    sentence = BROKER_IS_OLD if old else BROKER_ANSWERS
                    way = "by TLS" if access.encrypted else "on this machine"
                    return sentence(**where, way=way, version=event.version)
                if isinstance(event, BrokerDown):
                    return passed_on(State.FAIL, event.reason)
        return BROKER_SLOW(**where, seconds=_PATIENCE_S)
    finally:
        broker.close()
