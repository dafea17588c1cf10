"""The tables of payroll's database, and how they came to be."""

from pathlib import Path

from sqlite_utils import Database, Migrations

from edge_agent.domain.errors import StoreFault

COLUMNS = {
    "ledger": str,
    "seq": int,
    "gate": str,
    "kind": str,
    "worker": str,
    "at": str,
    "hash": str,
    "prevhash": str,
    "wire": bytes,
    "received_at": str,
}

_migrations = Migrations("edge-agent-receiver")


@_migrations()
def entries_forks_ledgers(db: Database) -> None:
    """``entries`` is the history that was complete first, ``forks`` is what contradicts it."""
    always = COLUMNS.keys() - {"worker", "at"}
    db.table("entries").create(COLUMNS, pk=("ledger", "seq"), not_null=always)
    db.table("forks").create(COLUMNS, pk=("ledger", "seq", "hash"), not_null=always)
    db.table("ledgers").create(
        {"ledger": str, "gate": str, "through": int, "hash": str},
        pk="ledger",
        not_null={"gate", "through", "hash"},
    )
    # Voided and corrected punches are in it as they were recorded: a correction is a new entry.
    db.create_view(
        "punches",
        "SELECT worker AS code, at, gate,"
        " json_extract(CAST(wire AS TEXT), '$.data.direction') AS direction, ledger, seq"
        " FROM entries WHERE kind = 'punch.recorded'",
    )


def prepare(db: Database, path: Path) -> None:
    """Bring the database up to date.

    Raises StoreFault, with nothing changed, where it is another program's or a newer version's.
    """
    applied = {migration.name for migration in _migrations.applied(db)}
    with Database(memory=True) as empty:
        known = {migration.name for migration in _migrations.pending(empty)}
    if applied - known:
        raise StoreFault(
            f"{path} was written by a newer version of the receiver: install that version again,"
            " or name another database."
        )
    if not applied and set(db.table_names()) - {_migrations.migrations_table}:
        raise StoreFault(f"{path} is another program's database: name a file of its own.")
    # A receipt lets the gate forget: what it covers must survive a power cut.
    db.execute("PRAGMA synchronous = EXTRA")
    db.execute("PRAGMA journal_mode = WAL")
    _migrations.apply(db)
