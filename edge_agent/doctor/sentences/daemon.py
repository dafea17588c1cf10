"""Of the daemon, and of the line to payroll."""

from ..findings import Sentence, State

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

DAEMON_RUNS = Sentence(OK, "The daemon runs, version {version}")
DAEMON_OF_OTHER_VERSION = Sentence(
    WARN,
    "The daemon that runs is version {version}, this command is {own}",
    "restart the daemon: sudo systemctl restart edge-agent",
)
DAEMON_STOPPED = Sentence(
    WARN,
    "No daemon runs, so nobody is recorded at this gate",
    "start it with 'sudo systemctl start edge-agent'; if it does not stay, "
    "'journalctl -u edge-agent -n 50' says why",
)

UPLINK_GOOD = Sentence(OK, "The daemon is connected to the broker")
UPLINK_STARTING = Sentence(
    WARN, "The daemon is not connected to the broker yet", "run this again in a minute"
)
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
