"""``receive roster import``: a list as people keep it, published whole or not at all."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook
from paho.mqtt.client import MQTTMessage

from edge_agent.cli import main
from edge_agent.contract.errors import BadRequest
from edge_agent.contract.messages import RosterWorker
from edge_agent.receiver.roster.roster_file import read_roster_file
from edge_agent.receiver.signing_key import read_signing_key
from tests.brokers import Mosquitto
from tests.contract.samples import validator
from tests.patience import PATIENCE_S
from tests.system.payroll import Listener

HOA = RosterWorker(code="0007", name="Nguyễn Thị Hoa")
SEASONAL = RosterWorker(
    code="TV0107", name="Ma Thị Nhung", valid_from="2026-03-01", valid_to="2026-11-30"
)
GONE = RosterWorker(code="NV0042", name="Trần Văn Minh", active=False)


def csv(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "workers.csv"
    path.write_bytes(text.encode(encoding))
    return path


def xlsx(folder: Path, *rows: list[Any]) -> Path:
    path = folder / "workers.xlsx"
    book = Workbook()
    assert book.active
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_people_save_it(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = [
        ["Name", "CODE", "active", "valid_from", "valid_to", "phone"],
        ["Nguyễn Thị Hoa", "0007", "", "", "", "1"],
        ["", "", "", "", "", ""],
        ["Ma Thị Nhung", "TV0107", "yes", "01/03/2026", "2026-11-30", ""],
        ["Trần Văn Minh", "NV0042", "no"],
    ]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    assert read_roster_file(csv(tmp_path, text, encoding)).workers == [HOA, SEASONAL, GONE]


def test_a_spreadsheet_in_vietnamese(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path,
        ["Mã NV", "Họ và tên", "Đang làm", "Từ ngày", "Đến ngày"],
        ["0007", "Nguyễn Thị Hoa", "có"],
        ["TV0107", "Ma Thị Nhung", None, date(2026, 3, 1), date(2026, 11, 30)],
        [None, None],
        ["NV0042", "Trần Văn Minh", "không"],
    )
    assert read_roster_file(path).workers == [HOA, SEASONAL, GONE]


def test_every_problem_is_told_at_once_by_its_row(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "code,name,active,valid_from,valid_to\n"
        "0007,Hoa,,,\n"
        "0007,Hoa again,,,\n"
        "../x,Lan,,,\n"
        "8,,perhaps,,31/02/2026\n"
        "9,Minh,,2026-12-01,2026-11-30\n",
    )
    with pytest.raises(BadRequest) as told:
        read_roster_file(path)
    text = str(told.value)
    for row, what in (
        (3, "'0007' is there twice"),
        (4, "'../x' is not an employee code"),
        (5, "The name is missing."),
        (5, "'perhaps' is neither yes nor no"),
        (5, "'31/02/2026' is not a date"),
        (6, "'2026-12-01' is after its valid_to"),
    ):
        assert any(
            line.strip().startswith(f"row {row}:") and what in line for line in text.splitlines()
        ), (row, what, text)
    assert "row 2:" not in text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no worker"),
        (b"code,name\n", "no worker"),
        (b"mat khau,ten\n1,x\n", "no column code"),
        ("code,name\n1,Đức\n".encode("utf-16"), "is not UTF-8"),
        (b'code,name\n1,"Lan\n', "no sound CSV"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "workers.csv"
    path.write_bytes(content)
    with pytest.raises(BadRequest, match=told):
        read_roster_file(path)


def test_a_spreadsheet_that_ate_the_zeros(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="row 2: the code 7 is a number"):
        read_roster_file(xlsx(tmp_path, ["code", "name"], [7, "Hoa"]))
    path = tmp_path / "workers.xlsx"
    path.write_bytes(b"PK nonsense")
    with pytest.raises(BadRequest, match="no sound XLSX"):
        read_roster_file(path)


def test_no_name_is_cut_in_half(tmp_path: Path) -> None:
    """As the South writes it; and a title that nobody foresaw is asked about."""
    rows = [["Mã NV", "Họ và chữ lót", "Tên"], ["0007", "Nguyễn Thị", "Hoa"]]
    assert read_roster_file(xlsx(tmp_path, *rows)).workers == [HOA]
    rows[0][1] = "Họ (theo CCCD)"
    with pytest.raises(BadRequest, match=r"the title 'họ .theo cccd.' is not known"):
        read_roster_file(xlsx(tmp_path, *rows))


def test_what_excel_has_taken_for_a_date_is_no_text(tmp_path: Path) -> None:
    rows = [["code", "name", "team"], ["0007", "Hoa", date(2026, 2, 1)]]
    with pytest.raises(BadRequest, match=r"row 2: 2026-02-01.* is a date there"):
        read_roster_file(xlsx(tmp_path, *rows))


def run(mosquitto: Mosquitto, *arguments: str) -> Result:
    where = ("--host", mosquitto.host, "--port", str(mosquitto.port))
    return CliRunner().invoke(
        main, ["--lang", "en", "receive", *where, "roster", "import", *arguments]
    )


def kept(mosquitto: Mosquitto) -> MQTTMessage:
    with Listener(mosquitto.port, "attendance/roster") as listener:
        return listener.messages.get(timeout=PATIENCE_S)


def test_publishing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    many = "".join(f"NV{number:04},Nguyễn Thị Hồng Nhung {number}\n" for number in range(2000))
    first = csv(tmp_path, "code,name\n" + many)
    done = run(mosquitto, str(first), "--version", "6")
    assert done.exit_code == 0, done.output
    assert "2000 workers, beside no roster" in done.output
    roster = json.loads(kept(mosquitto).payload)
    validator("roster").validate(roster)
    assert (roster["version"], roster["count"], len(roster["workers"])) == (6, 2000, 2000)

    second = csv(
        tmp_path,
        "code,name\n" + many.replace("NV0007,", "TV1,").replace("Nhung 42\n", "Nhung 42 Anh\n"),
    )
    dry = run(mosquitto, str(second), "--version", "7", "--dry-run")
    assert "beside version 6" in dry.output
    assert "1 new: TV1" in dry.output
    assert "1 changed: NV0042" in dry.output
    assert "1 left out, and so as they were: NV0007" in dry.output
    assert "Nothing was published" in dry.output
    assert json.loads(kept(mosquitto).payload) == roster
    published = run(mosquitto, str(second), "--version", "7")
    assert published.exit_code == 0, published.output
    assert json.loads(kept(mosquitto).payload)["version"] == 7

    shorn = csv(tmp_path, "code,name\n" + many.replace("NV0007,", "007,"))
    published = run(mosquitto, str(shorn), "--version", "8")
    assert published.exit_code == 0, published.output
    shorn.write_text(shorn.read_text().replace("007,", "7,"))
    refused = run(mosquitto, str(shorn), "--version", "9")
    assert refused.exit_code == 65
    assert "the code 7 is not known, but 007 is" in refused.output
    assert json.loads(kept(mosquitto).payload)["version"] == 8

    old = run(mosquitto, str(first), "--version", "8")
    assert old.exit_code == 65
    assert "use --version 9" in old.output
    assert json.loads(kept(mosquitto).payload)["version"] == 8


def test_what_may_be_another_person_s_is_told_before_it_is_published(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    first = csv(tmp_path, "code,name\nNV0001,Nguyễn Thị Hoa\nNV0002,Lò Thị Mây\n")
    assert run(mosquitto, str(first), "--version", "1").exit_code == 0
    second = csv(tmp_path, "code,name\nNV0001,Trần Văn Minh\nNV0002,Lò Thị Mậy\nNVO002,Giàng A\n")
    told = ("NV0001 was Nguyễn Thị Hoa and becomes Trần Văn Minh", "be taken for NV0002")
    refused = run(mosquitto, str(second), "--version", "2")
    assert refused.exit_code == 65
    assert all(doubt in refused.output for doubt in told)
    assert "NV0002 was" not in refused.output
    assert json.loads(kept(mosquitto).payload)["version"] == 1
    dry = run(mosquitto, str(second), "--version", "2", "--dry-run")
    assert dry.exit_code == 0
    assert all(doubt in dry.output for doubt in told)
    forced = run(mosquitto, str(second), "--version", "2", "--force")
    assert forced.exit_code == 0, forced.output
    assert json.loads(kept(mosquitto).payload)["version"] == 2


def test_a_broker_that_does_not_take_it(tmp_path: Path) -> None:
    access = tmp_path / "acl"
    access.write_text("topic read #\n")
    with Mosquitto(tmp_path, [f"acl_file {access}"]) as broker:
        done = run(broker, str(csv(tmp_path, "code,name\n1,Lan\n")), "--version", "1")
    assert done.exit_code == 69
    assert "did not take the roster" in done.output


LAST_VERSION = 2**53 - 1


def test_a_version_that_is_hardly_meant_asks(mosquitto: Mosquitto, tmp_path: Path) -> None:
    listed = str(csv(tmp_path, "code,name\nNV1,Ma Thị Nhung\n"))
    assert run(mosquitto, listed, "--version", "7").exit_code == 0
    for version in (7 + 10**9 + 1, 1_795_413_483_120):
        asked = run(mosquitto, listed, "--version", str(version))
        assert asked.exit_code == 65
        assert "use --version 8, or --force" in " ".join(asked.output.split())
    assert run(mosquitto, listed, "--version", str(7 + 10**9)).exit_code == 0
    assert run(mosquitto, listed, "--version", str(10**12), "--force").exit_code == 0
    assert json.loads(kept(mosquitto).payload)["version"] == 10**12


def test_after_the_largest_version_comes_1(mosquitto: Mosquitto, tmp_path: Path) -> None:
    listed = str(csv(tmp_path, "code,name\nNV1,Ma Thị Nhung\n"))
    assert run(mosquitto, listed, "--version", str(LAST_VERSION), "--force").exit_code == 0
    again = run(mosquitto, listed, "--version", str(LAST_VERSION))
    assert "use --version 1." in " ".join(again.output.split())
    assert run(mosquitto, listed, "--version", "1").exit_code == 0
    assert run(mosquitto, listed, "--version", str(LAST_VERSION)).exit_code == 65


def test_a_broker_that_has_forgotten_the_roster(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """The gates say which version they have; one that lies can be passed over."""
    listed = str(csv(tmp_path, "code,name\nNV1,Ma Thị Nhung\n"))
    with Listener(mosquitto.port) as listener:
        for gate, said in {
            "main-gate": {"roster": {"version": 41}},
            "new-gate": {"roster": {"version": None}},
            "odd-gate": {"roster": 7},
            "old-gate": {},
            "lies": {"roster": {"version": 2**60}},
        }.items():
            listener.say(f"attendance/{gate}/status", said, retain=True)
    refused = run(mosquitto, listed, "--version", "41")
    assert refused.exit_code == 65
    said = " ".join(refused.output.split())
    assert "Gate 'main-gate' has version 41 in force" in said
    assert "use --version 42, or --force" in said
    assert run(mosquitto, listed, "--version", "42").exit_code == 0


def test_a_roster_that_somebody_else_has_published_binds_nobody(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Where payroll signs; without a key nobody can tell."""
    listed = str(csv(tmp_path, "code,name\nNV1,Ma Thị Nhung\n"))
    file = tmp_path / "payroll.key"
    CliRunner().invoke(main, ["--lang", "en", "receive", "key", "new", str(file)])
    forged = {"version": 10**12, "workers": [{"code": "NV1", "name": "Ma Thị Nhung"}]}
    with Listener(mosquitto.port) as listener:
        listener.say("attendance/roster", forged, retain=True)
    assert run(mosquitto, listed, "--version", "8").exit_code == 65
    where = ("--host", mosquitto.host, "--port", str(mosquitto.port), "--signing-key", str(file))
    done = CliRunner().invoke(
        main, ["--lang", "en", "receive", *where, "roster", "import", listed, "--version", "8"]
    )
    assert done.exit_code == 0, done.output
    roster = json.loads(kept(mosquitto).payload)
    validator("roster").validate(roster)
    assert roster["version"] == 8
    assert roster["signature"]["key"] == read_signing_key(file).public[:8]
