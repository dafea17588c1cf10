"""A worker withdraws at a gate that is at work: told, not recognised, and gone from the sensor."""

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.gate.people.templates.sealing import AgeSealing

from .gate import Gate


def test_a_consent_is_given_and_withdrawn(gate: Gate) -> None:
    gate.start()
    watch = gate.watch()
    given = gate.cli(
        *("consent", "record", "NV001", "--text", "vi-1"),
        *("--signed", "2026-11-23", "--paper", "--json"),
    )
    assert given.code == 0, given
    gate.press("NV001")
    assert watch.panel()["outcome"] == "recorded"

    told = gate.cli("status", "--json").json["privacy"]
    assert told == {"consent": "off", "erasing": 0, "asks": False}
    assert "không hỏi: [privacy] consent" in gate.cli("status", "--lang", "vi").out
    withdrawn = gate.cli("consent", "withdraw", "NV001", "--yes", "--json")
    assert withdrawn.code == 0, withdrawn
    assert (withdrawn.json["done"], withdrawn.json["left"]) == (True, [])
    assert withdrawn.json["erased"]["openings"] == 1
    assert gate.cli("privacy", "overdue").code == 0
    gate.press("NV001")
    assert watch.panel()["outcome"] == "unknown"
    assert "Nothing" in gate.cli("workers", "leave", "NV001", "--yes").out
    assert gate.cli("workers", "leave", "NV001", "--yes").code == 65

    kinds = [entry["kind"] for entry in gate.entries()]
    wanted = ["consent.given", "consent.withdrawn", "print.erased", "worker.erased"]
    # The last one is of the leaving, which found nothing.
    assert [kind for kind in kinds if kind in wanted] == [*wanted, wanted[-1]]
    assert gate.cli("ledger", "verify").code == 0

    page = str(gate.folder / "certificate.html")
    asked = gate.cli("privacy", "request", "NV001", "--what", "erase", "--json")
    assert (asked.code, asked.json["what"], asked.json["closed"]) == (0, "erase", None)
    assert gate.cli("privacy", "certificate", "NV001", "--output", page).code == 0
    checked = gate.cli("privacy", "verify", page, "--json")
    assert (checked.code, checked.json["verdict"]) == (0, "genuine")
    assert gate.cli("privacy", "answer", str(asked.json["id"])).code == 0
    held = gate.cli("privacy", "report", "NV001", "--json").json
    assert (held["fingers"], held["evidence"]) == ([], 0)
    assert [claim["answer"] for claim in held["claims"]] == ["done"]


def test_no_sealed_file_keeps_whoever_was_erased(gate: Gate, tmp_path: Path) -> None:
    keys, old, new = AgeSealing().new_keys(), tmp_path / "old.age", tmp_path / "new.age"
    (tmp_path / "key.txt").write_text(f"{keys.identity}\n")
    gate.start()
    sealed = gate.cli("templates", "backup", str(old), "-r", keys.recipient, "--held-by", "NV002")
    assert sealed.code == 0, sealed
    [mark] = [one["backup"][:8] for one in gate.cli("templates", "list", "--json").json]
    assert f"Its mark: {mark}." in sealed.out
    listed = gate.cli("templates", "list").out
    made = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    assert re.search(rf"{mark} +{made} .*backup {re.escape(str(old))}, held by .*NV002", listed), (
        listed
    )
    assert gate.cli("workers", "leave", "NV001", "--yes").code == 0
    there = gate.cli("templates", "destroyed", str(old))
    assert (there.code, f"it is the backup {mark}." in there.err) == (65, True), there
    assert f"edge-agent templates destroyed {mark}" in there.err
    overdue = gate.cli("privacy", "overdue", "--lang", "vi")
    assert (overdue.code, "phải hủy: còn vân tay của NV001" in overdue.err) == (1, True)

    identity = ("--identity", str(tmp_path / "key.txt"))
    resealed = gate.cli("templates", "reseal", str(old), "--output", str(new), *identity)
    assert (resealed.code, "without NV001" in resealed.out) == (0, True), resealed
    tried = f"templates restore {new} {' '.join(identity)} --dry-run"
    steps = ["own disk", tried, f"templates destroyed {mark}"]
    shown = resealed.err + resealed.out
    assert sorted(steps, key=shown.index) == steps
    there = gate.cli("templates", "destroyed", mark, "--yes")
    assert (there.code, "is still there" in there.err) == (65, True), there
    old.rename(tmp_path / "copy.age")
    destroyed = gate.cli("templates", "destroyed", mark, "--yes")
    assert destroyed.code == 0, destroyed
    assert gate.cli("privacy", "overdue").code == 0
    listed = gate.cli("templates", "list", "--json").json
    assert [(one["holder"], bool(one["destroyed"])) for one in listed] == [
        ("NV002", True),
        ("NV002", False),  # As the one before.
    ]
    copy = str(tmp_path / "copy.age")
    restored = gate.cli("templates", "restore", copy, *identity, "--yes", "--json")
    assert (restored.code, "erased here" in restored.err) == (1, True)
    assert gate.cli("templates", "restore", str(new), *identity, "--yes").code == 0


def marks(gate: Gate, *, to_go: bool) -> list[str]:
    listed = gate.cli("templates", "list", "--json").json
    return [one["backup"][:8] for one in listed if one["erased"] or not to_go]


def test_whoever_agrees_again_has_no_good_backup_called_one_to_be_destroyed(
    gate: Gate, tmp_path: Path
) -> None:
    """Neither one that was made since, nor one from which their print was brought back."""
    keys, first, second = AgeSealing().new_keys(), tmp_path / "a.age", tmp_path / "b.age"
    (tmp_path / "key.txt").write_text(f"{keys.identity}\n")
    gate.start()
    restore = ("templates", "restore", str(first), "--identity", str(tmp_path / "key.txt"), "--yes")

    def certified(file: str) -> str:
        page = tmp_path / file
        assert gate.cli("privacy", "certificate", "NV001", "--output", str(page)).code == 0
        assert gate.cli("privacy", "verify", str(page)).code == 0
        return page.read_text(encoding="utf-8")

    assert gate.cli("templates", "backup", str(first), "-r", keys.recipient).code == 0
    assert gate.cli("consent", "withdraw", "NV001", "--yes").code == 0
    [old] = marks(gate, to_go=True)
    assert old in certified("1.html")
    today = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date().isoformat()
    given = ("--text", "vi-1", "--signed", today, "--paper")
    assert gate.cli("consent", "record", "NV001", *given).code == 0
    assert gate.cli(*restore).code == 0
    assert marks(gate, to_go=True) == []
    assert gate.cli("privacy", "overdue").code == 0
    assert gate.cli("templates", "backup", str(second), "-r", keys.recipient).code == 0
    page = certified("2.html")
    assert [one for one in marks(gate, to_go=False) if one in page] == []


def test_what_a_replaced_sensor_holds_is_told_until_it_is_destroyed(
    gate: Gate, tmp_path: Path
) -> None:
    keys, sealed = AgeSealing().new_keys(), tmp_path / "prints.age"
    (tmp_path / "key.txt").write_text(f"{keys.identity}\n")
    gate.start()
    watch = gate.watch()
    assert gate.cli("templates", "backup", str(sealed), "-r", keys.recipient).code == 0
    gate.finger("fault swap-sensor")
    watch.state("sensor", "foreign")
    adopted = gate.cli("sensor", "adopt", "--yes")
    assert "may still hold" in adopted.out
    listed = gate.cli("privacy", "overdue", "--json")
    [left] = [one["sensor"] for one in listed.json]
    assert (listed.code, left["templates"]["NV001"], left["erased"]) == (1, 1, [])
    mark = left["sensor"][:8]
    [sealed_file] = gate.cli("templates", "list", "--json").json
    assert mark in gate.cli("templates", "list").out
    assert f"edge-agent templates destroyed {mark}" in adopted.out
    assert "1 máy quét cũ" in gate.cli("status", "--lang", "vi").out

    restored = gate.cli(
        *("templates", "restore", str(sealed), "--identity", str(tmp_path / "key.txt"), "--yes")
    )
    assert restored.code == 0, restored
    assert "mark " + mark in gate.cli("privacy", "report", "NV001").out
    withdrawn = gate.cli("consent", "withdraw", "NV001", "--yes", "--lang", "vi")
    assert ": 1 mẫu vân tay" in withdrawn.out
    assert f"dấu {mark}, có thể còn 1 mẫu" in withdrawn.err
    page = tmp_path / "certificate.html"
    assert gate.cli("privacy", "certificate", "NV001", "--output", str(page)).code == 0
    assert f"mark {mark}: it may still hold 1 template" in page.read_text(encoding="utf-8")
    assert "NV001 too, who are erased" in gate.cli("privacy", "overdue").err

    sealed.unlink()
    assert gate.cli("templates", "destroyed", sealed_file["backup"], "--yes").code == 0
    told = gate.cli("templates", "destroyed", mark, "--yes")
    assert "is destroyed or empty" in told.out
    again = gate.cli("templates", "destroyed", mark)
    assert (again.code, "The replaced sensor" in again.err) == (65, True)
    assert gate.cli("privacy", "overdue").code == 0
