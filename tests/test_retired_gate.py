"""What is told before a gate is taken down, and what a gate that was taken down still says."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.cli import credentials, options
from edge_agent.cli import retire as retire_command
from edge_agent.contract.facts import GateRetired
from edge_agent.contract.language import use
from edge_agent.contract.people import Print
from edge_agent.gate.claims import Claim, What
from edge_agent.gate.ports import BrokerUp
from edge_agent.gate.replaced_sensors import ReplacedSensor
from edge_agent.gate.sealed_backups import SealedBackup
from edge_agent.gate.uplink.mqtt import look
from tests.commands import Edge
from tests.gate.ledger.ledgers import append, later, open_store

TO_DESTROY = SealedBackup(backup="7" * 16, workers=["NV0042"], erased=["NV0042"])
IN_USE = SealedBackup(backup="8" * 16, workers=["NV0042"])
OLD_SENSOR = ReplacedSensor(mark="9" * 16, marks=["9" * 16], replaced=None, holds={0: "NV0042"})


@pytest.fixture
def edge(edge: Edge, tmp_path: Path) -> Edge:
    """The same with one print of hers, two backups and a sensor that was replaced, and a request
    that is late."""
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        finger = Print(worker="NV0042", finger="right-index", slot=0, generation=1)
        change.put_print(finger, b"\x07" * 32)
        for one in (TO_DESTROY, IN_USE):
            change.put_sealed_backup(one)
        change.put_replaced_sensor(OLD_SENSOR)
        late = Claim(id=0, worker="NV0042", what=What.ERASE, asked="2020-11-01", due="2020-11-21")
        change.put_claim(late, "uid:1000")
    return edge


def retire(tmp_path: Path, erased: int | None = 1) -> None:
    with closing(open_store(tmp_path)) as store:
        append(store, GateRetired(erased=erased, slots=erased, actor="uid:1000"), later(1))


def test_what_goes_and_what_is_to_be_done_before_is_told_before_the_name_is_asked_for(
    edge: Edge,
) -> None:
    done = edge("retire")
    told = " ".join(done.stderr.split())
    assert done.exit_code == 65
    assert "xóa hẳn 1 vân tay của 1 người" in told
    assert "edge-agent templates destroyed 77777777" in told
    assert "edge-agent templates destroyed 99999999" in told
    assert "edge-agent templates destroyed 88888888" not in told
    assert "1 bản sao lưu vân tay đang dùng" in told
    assert "1 yêu cầu của công nhân chưa xong" in told
    assert told.index("privacy certificate MÃ") < told.index("Chưa làm gì: ở đây không có ai gõ")
    assert "1 vân tay" in edge("retire", "--without-sensor").stderr


@pytest.mark.parametrize("erased", [0, 3])
def test_of_what_there_was_none_no_count_is_told(
    edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, erased: int
) -> None:
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        change._database.conn.execute("DELETE FROM prints")
    for words in (("retire",), ("retire", "--without-sensor")):
        told = " ".join(edge(*words).stderr.split())
        assert "cổng không giữ vân tay nào" in told
        assert " 0 " not in told
    done = {"erased": erased, "slots": 1000}
    use("vi")
    shown: list[str] = []
    monkeypatch.setattr(retire_command, "tell", shown.append)
    retire_command._tell_emptied(done)
    use(None)
    assert (" 0 " in shown[0], "3 mẫu" in shown[0]) == (False, erased == 3)


def test_what_payroll_lacks_and_that_there_is_no_line_is_told_before_the_name_is_asked_for(
    edge: Edge,
) -> None:
    told = " ".join(edge("retire").stderr.split())
    assert re.search(r"chưa xác nhận \d+ mục, mục cũ nhất từ \d\d/\d\d/\d{4} \d\d:", told)
    assert "Lúc này không gửi được gì cho phòng lương. Không nối được tới broker" in told
    assert "Nên bấm Ctrl-C" in told
    assert told.index("edge-agent carry out /media/stick") < told.index("Chưa làm gì: ở đây")


@pytest.mark.parametrize(
    ("answers", "told"),
    [(BrokerUp(version="5"), "Lệnh này sẽ gửi nốt"), (None, "Broker không trả lời. Nên")],
    ids=["there", "silent"],
)
def test_where_the_broker_answers_it_is_told_what_is_sent(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, answers: BrokerUp | None, told: str
) -> None:
    monkeypatch.setattr(look, "first_answer", lambda *broker: answers)
    assert told in " ".join(edge("retire").stderr.split())


def test_nothing_is_asked_for_that_is_refused_then(edge: Edge, tmp_path: Path) -> None:
    retire(tmp_path)
    late = edge("privacy", "overdue")
    assert late.exit_code == 1
    assert "77777777" in late.stderr
    assert "99999999" in late.stderr
    assert "Yêu cầu số 1 của NV0042" in late.output
    assert "hãy ghi vào giấy" in late.stderr
    assert "edge-agent" not in late.output
    assert edge("templates", "destroyed", "77777777").exit_code == 65


@pytest.mark.parametrize(
    ("erased", "told"), [(1, "đã xóa mọi vân tay trong máy quét"), (None, "phá hủy máy quét")]
)
def test_no_certificate_says_that_nothing_was_erased(
    edge: Edge, tmp_path: Path, erased: int | None, told: str
) -> None:
    assert "chưa xóa gì" in edge("privacy", "certificate", "NV0042", "--output", "a.html").stderr
    retire(tmp_path, erased)
    done = edge("privacy", "certificate", "NV0042", "--output", "a.html")
    assert done.exit_code == 65
    assert told in done.stderr
    assert "workers leave" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("credentials", "add", "NV0042", "--pin"),
        ("credentials", "remove", "NV0042", "--pin"),
        ("workers", "add", "NV0050"),
        ("workers", "rename", "NV0042"),
        ("workers", "leave", "NV0042"),
        ("consent", "withdraw", "NV0042"),
        ("prints", "remove", "NV0042", "--finger", "right-index"),
        ("sensor", "adopt"),
        ("sensor", "image", "a.png"),
    ],
    ids=" ".join,
)
def test_what_is_refused_is_refused_before_anybody_is_asked(
    edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    retire(tmp_path)
    monkeypatch.setattr("click.prompt", lambda *words, **options: pytest.fail(f"asks {words}"))
    for module in (credentials, options):
        monkeypatch.setattr(module, "somebody_types", lambda: True)
    done = edge(*words)
    assert done.exit_code == 65, done.output
    assert "Cổng này đã tháo" in done.stderr


def test_nobody_punches_by_the_list_of_workers(edge: Edge, tmp_path: Path) -> None:
    assert "đang chấm" in edge("workers", "list").stdout
    retire(tmp_path)
    listed = edge("workers", "list").stdout
    assert "Cổng này đã tháo" in listed
    assert "đang chấm" not in listed + edge("workers", "show", "NV0042").stdout
    assert "edge-agent" not in listed
