"""Of the database and what payroll has of it."""

from ..findings import Sentence, State

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

DATABASE_OPENS = Sentence(OK, "{path} opens: ledger {ledger}, {entries} entries")
DATABASE_FAILS = Sentence(
    FAIL,
    "{path} takes no entries: every press is shown as not recorded. The daemon says: {problem}",
    "see the disk below, and 'dmesg'; the gate goes on by itself once it can write again; where "
    "the kernel has closed the file system, restart the machine",
)
DATABASE_SET_ASIDE = Sentence(
    WARN,
    "A damaged database was set aside: {names}. The gate goes on with a new one",
    "see that payroll has everything and that nobody has to be enrolled again, then take it off "
    "the card, and replace the card",
)
DATABASE_OF_OTHER_GATE = Sentence(
    WARN,
    "The ledger in {path} belongs to gate {owner!r}, but [gate] id is {gate!r}",
    "set it back, or start the daemon: it begins a new ledger for this gate",
)
PAYROLL_HAS_ALL = Sentence(OK, "Payroll has confirmed all {entries} entries")
PAYROLL_WAITING = Sentence(
    OK, "Payroll has yet to confirm {count} entries; the oldest is at least {age} old"
)
PAYROLL_SILENT = Sentence(
    WARN,
    "Payroll has yet to confirm {count} entries; the oldest is at least {age} old. Nothing is lost",
    "see the lines 'uplink' and 'broker'; if they are well, ask payroll",
)
PAYROLL_REJECTED = Sentence(
    WARN, "Payroll holds {count} entries that it could not use", "ask payroll which, and why"
)
CHAIN_UNBROKEN = Sentence(OK, "All {entries} entries are there, unaltered")
