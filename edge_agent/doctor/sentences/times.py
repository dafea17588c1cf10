"""Of the clocks and the time zone."""

from ..findings import Sentence, State

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

CLOCK_SYNCED = Sentence(OK, "The clock is synchronised, within {uncertainty_ms} ms")
CLOCK_HOLDOVER = Sentence(
    WARN,
    "The clock was synchronised and runs on by itself, within {uncertainty_ms} ms",
    "check the gate's network and 'timedatectl': the longer it lasts the less sure the times are",
)
CLOCK_UNSYNCED = Sentence(
    WARN,
    "The clock has not been synchronised since the start: punches are safe, but their times are "
    "pending ({pending} now)",
    "check the gate's network, then 'timedatectl' (System clock synchronized) and 'sudo "
    "timedatectl set-ntp true'",
)
CLOCK_REFUSED = Sentence(
    FAIL,
    "The clock is synchronised, but the kernel does not tell the daemon so: it believes no time",
    "in a unit of your own set ProtectClock=no and allow adjtimex, as systemd/edge-agent.service "
    "does",
)
CLOCK_BELIEVED = Sentence(
    WARN,
    '[clock] trust is "always": every time is believed, a wrong one too',
    'set it to "auto" on anything but a virtual machine',
)
RTC_RUNS = Sentence(OK, "There is a battery-backed clock, and it shows {year}")
RTC_FORGOT = Sentence(
    WARN,
    "There is a battery-backed clock, but it shows {year}: it has lost the time",
    "put in or replace its battery",
)
RTC_NONE = Sentence(
    WARN,
    "There is no battery-backed clock: after a power cut times are pending until the network is "
    "back",
    "add an RTC with a battery (on a Raspberry Pi 5 only the battery is missing)",
)
ZONE_SAME = Sentence(OK, "Gate and machine are both in {zone}")
ZONE_OTHER = Sentence(
    WARN,
    "[gate] timezone is {zone}, but the machine is in {machine}: log lines show other times than "
    "punches",
    "run 'sudo timedatectl set-timezone {zone}', or correct [gate] timezone",
)
