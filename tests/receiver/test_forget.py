"""The name of a worker who has left goes from payroll's database."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from edge_agent.receiver.databases import open_database
from edge_agent.receiver.roster.known_workers import forget_name, holders
from edge_agent.receiver.store import PayrollStore

from .running import rows

NAME, ANOTHER = "Nguyễn Thị Lan Hương", "Trần Văn Minh"
AT = "2026-11-29T06:00:00.000Z"


def apply(where: Path, version: int, *listed: dict[str, Any]) -> None:
    payload = json.dumps({"version": version, "workers": listed}).encode()
    with closing(PayrollStore(str(where))) as store:
        assert store.apply_roster(payload, AT).applied


def names(where: Path) -> list[Any]:
    known = rows(where, "SELECT code, name FROM known_workers ORDER BY code")
    return [*known, *rows(where, "SELECT name FROM former_names")]


def test_a_name_is_forgotten_former_ones_too(tmp_path: Path) -> None:
    where = tmp_path / "payroll.db"
    apply(where, 1, {"code": "NV1", "name": NAME}, {"code": "NV2", "name": "Hoa"})
    apply(where, 2, {"code": "NV1", "name": ANOTHER}, {"code": "NV2", "name": "Hoa"})
    assert names(where) == [("NV1", ANOTHER), ("NV2", "Hoa"), (NAME,)]
    with closing(open_database(str(where), alone=True)) as database:
        assert forget_name(database, "NV1")
        assert not forget_name(database, "NV1")
        assert not forget_name(database, "NV9")
        assert holders(database).at("NV1", 0) == "NV1"
    assert names(where) == [("NV1", "NV1"), ("NV2", "Hoa")]
    held = b"".join(path.read_bytes() for path in tmp_path.glob("payroll.db*"))
    assert NAME.encode() not in held
    assert ANOTHER.encode() not in held


def test_a_row_with_the_code_in_the_place_of_the_name_forgets_it(tmp_path: Path) -> None:
    where = tmp_path / "payroll.db"
    apply(where, 1, {"code": "NV1", "name": NAME})
    apply(where, 2, {"code": "NV1", "name": "NV1", "active": False})
    assert names(where) == [("NV1", "NV1")]
