"""A worker withdraws at a gate that is at work: told, not recognised, and gone from the sensor."""

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

    withdrawn = gate.cli("consent", "withdraw", "NV001", "--json")
    assert withdrawn.code == 0, withdrawn
    assert (withdrawn.json["done"], withdrawn.json["left"]) == (True, [])
    assert withdrawn.json["erased"]["openings"] == 1
    assert gate.cli("privacy", "overdue").code == 0
    gate.press("NV001")
    assert watch.panel()["outcome"] == "unknown"
    assert gate.cli("workers", "leave", "NV001").code == 65

    kinds = [entry["kind"] for entry in gate.entries()]
    wanted = ["consent.given", "consent.withdrawn", "print.erased", "worker.erased"]
    assert [kind for kind in kinds if kind in wanted] == wanted
    assert gate.cli("ledger", "verify").code == 0
