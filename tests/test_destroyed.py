"""Who says that a backup is destroyed is asked, and is not led to destroy the only good one."""

import json
import re
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main, options
from edge_agent.contract.people import Print, Worker
from edge_agent.gate.people.templates.backup_file import FORMAT, Header
from edge_agent.gate.replaced_sensors import ReplacedSensor
from edge_agent.gate.sealed_backups import SealedBackup
from tests.gate.ledger.ledgers import open_store

TODAY = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date().isoformat()
LAN, HOA = "NV0042", "NV0043"
HELD: dict[str, list[tuple[int, int]]] = {LAN: [(0, 1)], HOA: [(1, 1)]}

Edge = Callable[..., Result]


def backup(mark: str, folder: Path | None = None, **told: object) -> SealedBackup:
    """One that holds both; its file lies in ``folder``."""
    if folder is not None:
        header = Header(
            format=FORMAT,
            version=1,
            backup=mark * 16,
            gate="main-gate",
            system_id=9,
            prints=0,
            recipients=["age1x"],
            at="2026-11-28T10:00:07.000Z",
        )
        (folder / mark).write_bytes(header.line() + b"\n")
        told["file"] = str(folder / mark)
    given: dict[str, object] = {
        "made": "2026-11-28T10:00:07.000Z",
        "prints": 2,
        "workers": [LAN, HOA],
        "holds": [*HELD[LAN], *HELD[HOA]],
    }
    return SealedBackup(backup=mark * 16, **(given | told))  # type: ignore[arg-type]


@pytest.fixture
def edge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edge:
    """Types a command at a gate with two prints and these backups, and answers what it asks."""
    (tmp_path / "edge-agent.toml").write_text(
        '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[clock]\ntrust = "always"\n'
        '[control]\nsocket = "control.sock"\n[sensor]\nport = "sensor"\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(tmp_path / "edge-agent.toml"))
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        for slot, code in enumerate((LAN, HOA)):
            change.put_worker(Worker(code=code, name=code))
            finger = Print(worker=code, finger="right-index", slot=slot, generation=1)
            change.put_print(finger, bytes([slot] * 32))

    def typed(*words: str, answer: str | None = None, language: str = "vi") -> Result:
        if answer is not None:
            monkeypatch.setattr(options, "somebody_types", lambda: True)
        result = CliRunner().invoke(main, ["--lang", language, "templates", *words], input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        return result

    return typed


def listed(tmp_path: Path, *backups: SealedBackup | ReplacedSensor) -> None:
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        for one in backups:
            if isinstance(one, SealedBackup):
                change.put_sealed_backup(one)
            else:
                change.put_replaced_sensor(one)


def told(result: Result) -> str:
    return " ".join(result.output.replace(" \\\n", " ").split())


def destroyed(tmp_path: Path) -> list[str]:
    with closing(open_store(tmp_path)) as store:
        return [one.backup[:2] for one in store.sealed_backups() if one.destroyed]


def test_it_is_asked_by_name_and_nothing_is_written_without_a_yes(
    edge: Edge, tmp_path: Path
) -> None:
    listed(tmp_path, backup("aa", holder="chị Hoa", file="/media/stick/a.age"), backup("bb"))
    script = edge("destroyed", "aaaaaa")
    assert script.exit_code == 65
    assert "edge-agent templates destroyed aaaaaa --yes" in told(script)
    no = edge("destroyed", "aaaaaa", answer="k\n")
    assert no.exit_code == 1
    for part in ("aaaaaaaa", "28/11/2026 17:00:07", "chị Hoa", "/media/stick/a.age"):
        assert part in told(no)
    assert "edge-agent templates lost aaaaaaaa" in told(no)
    assert destroyed(tmp_path) == []
    assert edge("destroyed", "aaaaaa", answer="c\n").exit_code == 0
    assert destroyed(tmp_path) == ["aa"]
    assert edge("destroyed", "bbbbbb", "--yes").exit_code == 0


@pytest.mark.parametrize("name", ["aa", "aaaaaaaa"])
def test_a_file_that_lies_there_is_not_written_down_as_destroyed(
    edge: Edge, tmp_path: Path, name: str
) -> None:
    """Neither by its name, nor by its mark, nor with --yes."""
    listed(tmp_path, backup("aa", tmp_path, erased=[LAN]))
    result = edge("destroyed", name, "--yes")
    assert result.exit_code == 65
    assert "vẫn còn đây" in told(result)
    assert "edge-agent templates destroyed aaaaaaaa" in told(result)
    assert destroyed(tmp_path) == []
    (tmp_path / "aa").unlink()
    assert edge("destroyed", "aaaaaaaa", "--yes").exit_code == 0


def test_another_file_that_was_written_there_since_is_not_this_one(
    edge: Edge, tmp_path: Path
) -> None:
    listed(tmp_path, backup("aa", tmp_path))
    backup("bb", tmp_path)
    (tmp_path / "bb").replace(tmp_path / "aa")
    assert edge("destroyed", "aaaaaaaa", "--yes").exit_code == 0


def test_the_newest_good_one_is_named_and_is_to_be_kept(edge: Edge, tmp_path: Path) -> None:
    broken_off = backup("cc", holds=[])
    listed(tmp_path, backup("aa", tmp_path), backup("bb", tmp_path), broken_off)
    newest = edge("destroyed", "bb")
    assert "bbbbbbbb là bản tốt mới nhất, chỉ hủy khi có lý do" in told(newest)
    older = edge("destroyed", "aa")
    assert "aaaaaaaa đang dùng; có lý do" in told(older)
    assert "không phải hủy" not in told(older)
    assert "mới nhất là bbbbbbbb, làm 28/11/2026 17:00:07" in told(older)


def test_what_no_other_backup_holds_that_may_be_kept_is_told_first(
    edge: Edge, tmp_path: Path
) -> None:
    """Each of two that must go is held by the other, and both go."""
    old = [backup("aa", erased=[LAN]), backup("bb", erased=[LAN], file="/media/stick/b.age")]
    listed(tmp_path, *old)
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        change.drop_print(Print(worker=LAN, finger="right-index", slot=0, generation=1))
    assert "1 vân tay không có trong bản nào khác" in told(edge("destroyed", "aaaaaa"))
    overdue = CliRunner().invoke(main, ["--lang", "vi", "privacy", "overdue"])
    said = told(overdue)
    assert said.count("1 vân tay không có trong bản nào khác") == 1
    assert re.search(r"templates backup /media/stick/20\d\d-\d\d-\d\d\.templates", said)
    assert "bbbbbbbb (ghi ra /media/stick/b.age)" in said
    steps = ["destroyed aaaaaaaa", "destroyed bbbbbbbb", "templates backup", "templates lost DẤU"]
    assert sorted(steps, key=said.index) == steps
    assert "edge-agent templates lost DẤU" in told(edge("list"))
    listed(tmp_path, backup("cc", workers=[HOA], holds=HELD[HOA]))
    overdue = CliRunner().invoke(main, ["--lang", "vi", "privacy", "overdue"])
    assert "không có trong bản nào khác" not in told(overdue)
    assert told(overdue).count("Bản tốt mới nhất là cccccccc") == 1


def test_what_is_there_and_said_to_be_gone_or_is_of_another_gate(
    edge: Edge, tmp_path: Path
) -> None:
    listed(tmp_path, backup("aa", tmp_path, destroyed="2026-11-29T08:00:00.000+07:00"))
    backup("bb", tmp_path)
    assert "đã hủy 29/11/2026: hãy xóa nó và mọi bản chép ngay" in told(edge("destroyed", "aa"))
    assert "không có trong danh sách của cổng này" in told(edge("destroyed", "bb"))


def test_what_was_said_before_is_told_with_its_day_and_what_it_is(
    edge: Edge, tmp_path: Path
) -> None:
    old = ReplacedSensor(mark="9" * 16, marks=["9" * 16], replaced=None, holds={0: LAN})
    listed(tmp_path, backup("aa"), old)
    for mark in ("aaaaaa", "999999"):
        assert edge("destroyed", mark, "--yes").exit_code == 0
        again = told(edge("destroyed", mark, "--yes"))
        assert re.search(rf"{mark[0] * 8} đã được báo .* ngày \d\d/\d\d/20\d\d rồi", again), again
        assert mark[0] * 9 not in again
    audit = told(CliRunner().invoke(main, ["--lang", "vi", "audit", "list"]))
    assert "báo đã hủy bản sao lưu vân tay aaaaaaaa" in audit
    assert "báo đã hủy, hoặc đã xóa sạch, máy quét cũ 99999999" in audit
    assert "a" * 9 not in audit
    assert "edge-agent templates destroyed" in told(edge("destroy"))


@pytest.mark.parametrize("erased", [[], [LAN]])
def test_one_that_is_lost_is_no_backup_and_still_holds_who_was_in_it(
    edge: Edge, tmp_path: Path, erased: list[str]
) -> None:
    """It was said of it that all is well, or that it is destroyed; there was no third word."""
    listed(tmp_path, backup("aa", erased=erased))
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        for one in store.prints():
            change.put_backed_up(one, backed_up=True)

    asked = edge("lost", "aaaaaa")
    assert (asked.exit_code, "aaaaaaaa, làm 28/11/2026 17:00:07" in told(asked)) == (65, True)
    lost = told(edge("lost", "aaaaaa", "--yes"))
    assert "vẫn còn vân tay của NV0042 và NV0043" in lost
    assert "2 vân tay không có bản sao lưu" in lost
    assert "'templates reseal' không giúp gì" in lost
    # One command, with a key that is no file.
    assert re.findall(r"templates backup \S+ -r \S+", lost) == [
        f"templates backup /media/stick/{TODAY}.templates -r KHÓA-CÔNG-KHAI'."
    ]
    assert re.search(
        r"báo mất ngày \d\d/\d\d/20\d\d.* vẫn còn vân tay của NV0042 và NV0043", told(edge("list"))
    )
    assert json.loads(edge("list", "--json").stdout)[0]["lost"]
    audit = told(CliRunner().invoke(main, ["--lang", "vi", "audit", "list"]))
    assert "báo mất bản sao lưu vân tay aaaaaaaa" in audit
    assert "chưa phải là đã hủy" not in told(edge("list"))
    overdue = CliRunner().invoke(main, ["--lang", "vi", "privacy", "overdue"])
    assert "chưa phải là đã hủy" not in told(overdue)
    assert (overdue.exit_code, "còn vân tay của NV0042" in told(overdue)) == (len(erased),) * 2
    assert ("đã xóa ở cổng: NV0042" in told(overdue)) == bool(erased)
    said_lost = told(edge("destroyed", "aaaaaa", answer="k\n"))
    assert "Bản aaaaaaaa đã báo mất ngày" in said_lost
    assert "templates lost" not in said_lost
    assert "đang dùng" not in said_lost
    again = told(edge("lost", "aaaaaa", "--yes"))
    assert "đã được báo mất ngày" in again
    assert "edge-agent templates destroyed aaaaaaaa" in again
    assert edge("destroyed", "aaaaaa", "--yes").exit_code == 0
    assert "đã hủy" in told(edge("list"))


def test_who_is_in_a_lost_one_is_all_of_them_and_not_only_who_was_erased(
    edge: Edge, tmp_path: Path
) -> None:
    """Whoever reads it has to tell them all."""
    nine = [f"NV000{number}" for number in range(1, 10)]
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        for code in nine:
            change.put_worker(Worker(code=code, name=f"Lò Văn {code[-1]}"))
    listed(tmp_path, backup("aa", workers=nine, erased=nine[:2]), backup("bb", workers=None))
    lost = told(edge("lost", "aaaaaa", "--yes"))
    overdue = told(CliRunner().invoke(main, ["--lang", "vi", "privacy", "overdue"]))
    for shown in (lost, overdue, told(edge("list"))):
        assert "còn vân tay của 9 người (xem 'edge-agent templates list aaaaaaaa')" in shown, shown
    assert "đã xóa ở cổng: NV0001, NV0002" in overdue
    all_ = told(edge("list", "aaaaaaaa"))
    assert all(f"Lò Văn {code[-1]}, {code}" in all_ for code in nine)
    assert "không rõ trong đó có vân tay của những ai" in told(edge("lost", "bbbbbb", "--yes"))


def test_each_number_says_what_it_is_of(edge: Edge, tmp_path: Path) -> None:
    """Of two prints one is in no backup, the other in one that is to be destroyed."""
    backed_up(tmp_path, Print(worker=LAN, finger="right-index", slot=0, generation=1))
    listed(tmp_path, backup("aa", workers=[LAN], holds=HELD[LAN], erased=["NV0001"]))
    status = told(CliRunner().invoke(main, ["--lang", "vi", "status"]))
    assert "chưa sao lưu: 1" in status
    overdue = told(CliRunner().invoke(main, ["--lang", "vi", "privacy", "overdue"]))
    assert "Trong bản sắp hủy có 1 vân tay không có trong bản nào khác" in overdue
    assert "(chưa kể 1 vân tay chưa sao lưu ở đâu cả)" in overdue
    lost = told(edge("lost", "aaaaaa", "--yes"))
    assert "2 vân tay không có bản sao lưu" in lost
    assert ": 1 vì bản này không còn, 1 chưa sao lưu từ trước" in lost
    after = told(CliRunner().invoke(main, ["--lang", "vi", "privacy", "overdue"]))
    assert "không có trong bản nào khác" not in after


def test_a_sensor_that_was_replaced_is_no_lost_backup(edge: Edge, tmp_path: Path) -> None:
    listed(tmp_path, ReplacedSensor(mark="9" * 16, marks=["9" * 16], replaced=None, holds={0: LAN}))
    assert "99999999 là máy quét cũ, không phải bản sao lưu" in told(
        edge("lost", "999999", "--yes")
    )


def test_a_sensor_that_was_replaced_is_asked_about_as_a_sensor(edge: Edge, tmp_path: Path) -> None:
    old = ReplacedSensor(mark="9" * 16, marks=["9" * 16], replaced=None, holds={0: LAN})
    listed(tmp_path, old)
    assert "đã hủy cả con chip" in told(edge("destroyed", "999999"))
    assert edge("destroyed", "999999", "--yes").exit_code == 0


def test_one_file_is_looked_at(edge: Edge, tmp_path: Path) -> None:
    listed(tmp_path, backup("aa", tmp_path, holder="chị Hoa"))
    looked = told(edge("list", "aa"))
    for part in ("aaaaaaaa của cổng main-gate", "28/11/2026 17:00:07", "đang dùng", "chị Hoa"):
        assert part in looked
    assert f"2 người: {LAN} {HOA}" in looked
    assert "edge-agent templates restore aa --identity - --dry-run < key.txt" in looked
    found = json.loads(edge("list", "aa", "--json").stdout)
    assert (found["header"]["backup"], found["listed"]["holder"]) == ("aa" * 16, "chị Hoa")
    backup("bb", tmp_path)
    assert "Không có trong danh sách của cổng này" in told(edge("list", "bb"))
    (tmp_path / "bb").write_bytes((tmp_path / "bb").read_bytes()[:-1])
    assert "Thiếu phần cuối" in told(edge("list", "bb"))


def test_one_is_looked_up_by_its_mark(edge: Edge, tmp_path: Path) -> None:
    one = backup("aa", holder="chị Hoa", file="/media/stick/a.age")
    listed(tmp_path, one, backup("ab"))
    looked = told(edge("list", "aaaaaaaa"))
    for part in ("aaaaaaaa (ghi ra /media/stick/a.age)", "đang dùng", "chị Hoa", f"{LAN} {HOA}"):
        assert part in looked
    found = json.loads(edge("list", "aaaaaa", "--json").stdout)
    assert (found["header"], found["listed"]["backup"]) == (None, "aa" * 16)
    unknown = edge("list", "cccccccc")
    assert (unknown.exit_code, "edge-agent templates list" in told(unknown)) == (65, True)
    assert "Không đọc được" in told(edge("list", "aa"))


def test_a_file_that_is_not_where_it_was_written_is_missed_where_that_is_there(
    edge: Edge, tmp_path: Path
) -> None:
    away = tmp_path / "away" / "b.age"
    listed(tmp_path, backup("aa", tmp_path), backup("bb", file=str(away)))
    assert "không thấy tệp" not in told(edge("list"))
    assert str(away.parent) in told(edge("list"))
    (tmp_path / "aa").unlink()
    shown = told(edge("list"))
    assert shown.count("không thấy tệp ở chỗ đã ghi") == 1
    # One in use that is missed is the likeliest to be lost: said at once, with the command.
    assert "-r KHÓA-CÔNG-KHAI" in shown
    assert "gõ 'edge-agent templates lost DẤU', lệnh ấy nói phải làm gì" in shown
    away.parent.mkdir()
    assert told(edge("list")).count("không thấy tệp ở chỗ đã ghi") == 2


@pytest.mark.parametrize("columns", ["40", "50", "80"])
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("command", ["backup", "reseal"])
def test_no_line_of_the_help_is_a_bracket_alone(
    edge: Edge, command: str, language: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = edge(command, "--help", language=language).output.splitlines()
    assert [line for line in lines if line.strip() in ("(", ")", ").")] == []


def test_one_that_broke_off_is_not_said_to_be_in_use(edge: Edge, tmp_path: Path) -> None:
    listed(tmp_path, backup("aa"), backup("bb", holds=[]), backup("cc", holds=[], prints=0))
    whole, broken, empty = edge("list").output.splitlines()[1:4]
    assert ["đang dùng" in row for row in (whole, broken, empty)] == [True, False, True]
    assert "chưa xong" in broken


def test_two_of_one_minute_are_told_apart(edge: Edge, tmp_path: Path) -> None:
    second = backup("bb", made="2026-11-28T10:00:09.000Z", file="/media/stick/b.age")
    listed(tmp_path, backup("aa", file="/media/stick/a.age"), second)
    rows = edge("list").output.splitlines()[1:3]
    assert ["17:00:07" in rows[0], "a.age" in rows[0]] == [True, True]
    assert ["17:00:09" in rows[1], "b.age" in rows[1]] == [True, True]


LANS, HOAS = f"age1{'q' * 52}lanlan", f"age1{'q' * 52}hoahoa"


def backed_up(tmp_path: Path, *fingers: Print) -> None:
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        for finger in fingers or [
            Print(worker=c, finger="right-index", slot=s, generation=1)
            for s, c in enumerate((LAN, HOA))
        ]:
            change.put_backed_up(finger, backed_up=True)


def test_the_list_says_which_keys_open_each_of_them(edge: Edge, tmp_path: Path) -> None:
    """Who leaves has a key: what is sealed to it alone is the one that must go."""
    listed(tmp_path, backup("aa", recipients=[LANS]), backup("bb", recipients=[LANS, HOAS]))
    hers, both = edge("list").output.splitlines()[1:3]
    assert ("age1…lanlan" in hers, "age1…hoahoa" in hers) == (True, False)
    assert "age1…lanlan, age1…hoahoa" in both
    assert f"Niêm phong cho khóa công khai: {LANS}, {HOAS}" in told(edge("list", "bbbbbb"))
    assert json.loads(edge("list", "--json").stdout)[0]["recipients"] == [LANS]


def test_whoever_has_a_reason_is_told_what_is_lost_and_not_no(edge: Edge, tmp_path: Path) -> None:
    backed_up(tmp_path)
    listed(tmp_path, backup("aa", recipients=[HOAS]), backup("bb", recipients=[LANS]))
    asked = told(edge("destroyed", "bbbbbb", answer="k\n"))
    assert "chỉ hủy khi có lý do (như người giữ khóa nghỉ việc" in asked
    assert "khóa age1…lanlan" in asked
    assert "Mọi vân tay trong đó còn ở bản khác: hủy thì không mất gì" in asked
    listed(tmp_path, backup("aa", recipients=[HOAS], holds=HELD[LAN]))
    asked = told(edge("destroyed", "bbbbbb", answer="k\n"))
    assert "1 vân tay không có trong bản nào khác" in asked
    assert "không mất gì" not in asked
    done = told(edge("destroyed", "bbbbbb", answer="c\n"))
    assert destroyed(tmp_path) == ["bb"]
    assert f"1 vân tay không có bản sao lưu (của {HOA}, {HOA})" in done
    assert f"-r {HOAS}" in done


def test_a_print_that_is_in_none_is_told_beneath_the_list_and_by_the_doctor(
    edge: Edge, tmp_path: Path
) -> None:
    """With whose it is, and the whole command: the last keys, and a name that is new."""
    backed_up(tmp_path, Print(worker=LAN, finger="right-index", slot=0, generation=1))
    files = [f"/media/usb/{TODAY}.templates", f"/media/usb/{TODAY}-2.templates"]
    for mark, file in zip(("aa", "bb"), files, strict=True):
        listed(tmp_path, backup(mark, recipients=[LANS, HOAS], file=file, holds=HELD[LAN]))
    line = f"edge-agent templates backup /media/usb/{TODAY}-3.templates -r {LANS} -r {HOAS}"
    lacks = told(edge("list"))
    assert f"1 vân tay không có trong bản nào còn giữ (của {HOA}, {HOA})" in lacks
    doctor = CliRunner().invoke(main, ["--lang", "vi", "doctor", "--section", "sensor"])
    status = CliRunner().invoke(main, ["--lang", "vi", "status"])
    for shown in (lacks, told(doctor), told(status)):
        assert line in shown, shown
        assert f"{HOA}, {HOA}" in shown
    backed_up(tmp_path)
    assert "không có trong bản nào còn giữ" not in told(edge("list"))
    forgotten = edge("backup", "new.templates")
    assert f"edge-agent templates backup new.templates -r {LANS}" in told(forgotten)


def test_a_file_behind_r_is_told_for_what_it_is(edge: Edge, tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text(f"{LANS}\n{HOAS}\n")
    (tmp_path / "key.txt").write_text(f"# public key: {LANS}\nAGE-SECRET-KEY-1QQ\n")
    for typed, between in ((["-r", "keys.txt"], " "), (["--recipient=keys.txt"], "=")):
        line = f"edge-agent templates backup a.templates --recipients-file{between}keys.txt"
        assert line in told(edge("backup", "a.templates", *typed))
    secret = edge("backup", "a.templates", "-r", "key.txt")
    assert "key.txt có khóa bí mật" in told(secret)
    assert "'public key'" in told(edge("backup", "a.templates", "-r", "nobody"))
    assert not (tmp_path / "a.templates").exists()


def test_a_key_where_a_file_is_asked_for_is_told_for_what_it_is(edge: Edge, tmp_path: Path) -> None:
    for command in (
        ["restore", "a.templates", "--identity", LANS],
        ["reseal", "a.templates", "--output", "b.templates", "--identity", LANS],
    ):
        refused = told(edge(*command))
        assert f"{LANS} là khóa công khai" in refused
        assert "Sau --identity là TỆP-KHÓA" in refused
    line = f"edge-agent templates backup a.templates -r {LANS}"
    assert line in told(edge("backup", "a.templates", "-R", LANS))
    assert "khóa bí mật" in told(edge("backup", "a.templates", "-R", "AGE-SECRET-KEY-1QQ"))


def test_who_holds_it_is_told_by_name_where_a_code_was_given(edge: Edge, tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        change.put_worker(Worker(code=HOA, name="Vàng Thị Hoa"))
    listed(tmp_path, backup("aa", holder=HOA, erased=[LAN]))
    overdue = CliRunner().invoke(main, ["--lang", "vi", "privacy", "overdue"])
    asked = edge("destroyed", "aaaaaa", answer="k\n")
    for shown in (edge("list"), edge("list", "aaaaaa"), overdue, asked):
        assert f"Vàng Thị Hoa, {HOA}" in told(shown)
    assert json.loads(edge("list", "--json").stdout)[0]["holder"] == HOA
