"""Pins that cannot be opened: told loudly, and the gate records all the same."""

from .gate import Gate


def test_a_gate_without_its_pins_records_all_the_same(gate: Gate) -> None:
    # A chip that a gate's own library could open has no such pins on any machine of ours.
    gate.set(panel={"pins": "gpio"}, sensor={"touch_pin": 4, "power_pin": 5})
    daemon = gate.start()
    watch = gate.watch()
    gate.press("NV001")
    assert watch.panel()["outcome"] == "recorded"
    assert gate.entries()[-1]["worker"] == "NV001"

    problems = gate.status()["pins"]["problems"]
    assert set(problems) == {"panel", "touch_pin", "power_pin"}
    assert "The lamps cannot be used" in " ".join(gate.cli("status").out.split())
    assert "[sensor] touch_pin cannot be used" in " ".join(gate.cli("status").out.split())
    looked = gate.cli("doctor", environment={"COLUMNS": "1000"})
    assert looked.code == 1
    assert "FAIL  lamps — The lamps cannot be used" in looked.out
    assert "FAIL  touch pin — The pin in [sensor] touch_pin cannot be used" in looked.out
    assert "FAIL  power pin — The pin in [sensor] power_pin cannot be used" in looked.out
    assert "The lamps cannot be used" in daemon.said


def test_the_doctor_says_so_with_no_daemon(gate: Gate) -> None:
    gate.set(panel={"pins": "gpio"})
    looked = gate.cli("doctor", environment={"COLUMNS": "1000"})
    assert "FAIL  lamps — The lamps cannot be used" in looked.out
    dark = gate.cli("lamps-off")
    assert (dark.code, dark.out) == (1, "")
    assert dark.err.startswith("edge-agent lamps-off: ")
