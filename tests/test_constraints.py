"""config/constraints*.txt: what a gate and payroll install is what setup.cfg asks for.

That the files can be fetched for aarch64 is for `make constraints` and a network to say.
"""

import json
import re
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
EXTRAS = {
    "constraints.txt": ["gpio", "qr"],
    "constraints-display.txt": ["gpio", "qr", "display"],
    "constraints-receiver.txt": ["receiver", "postgresql"],
}

AT_NO_SITE = {"demo", "docs", "test", "mutants", "supply"}

PIN = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)[^\n]*\\\n(?: +--hash=sha256:[^\n]*\n?)+"
)


def pins(text: str) -> dict[str, str]:
    """The version of each package, each of which is followed by its hashes."""
    assert not PIN.sub("", text).strip(), "a line without a version or without hashes"
    return {canonicalize_name(pin["name"]): pin["version"] for pin in PIN.finditer(text)}


def setup() -> ConfigParser:
    config = ConfigParser(interpolation=None)
    config.read(ROOT / "setup.cfg")
    return config


def wanted(extras: list[str]) -> list[Requirement]:
    config = setup()
    texts = [config["options"]["install_requires"]]
    texts += [config["options.extras_require"][extra] for extra in extras]
    lines = (line.strip() for text in texts for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def differences(lock: str, requirements: list[Requirement]) -> list[str]:
    pinned = pins(lock)
    return [
        str(asked)
        for asked in requirements
        if not asked.specifier.contains(pinned.get(canonicalize_name(asked.name), "0"))
    ]


@pytest.mark.parametrize("name", EXTRAS)
def test_what_is_pinned_is_what_is_asked_for(name: str) -> None:
    lock = (ROOT / "config" / name).read_text()
    assert differences(lock, wanted(EXTRAS[name])) == []


def test_whatever_a_site_installs_is_pinned() -> None:
    pinned = {extra for extras in EXTRAS.values() for extra in extras}
    assert set(setup()["options.extras_require"]) == pinned | AT_NO_SITE


def test_whatever_is_pinned_is_pinned_anew_and_looked_up() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert {path.name for path in (ROOT / "config").glob("constraints*.txt")} == set(EXTRAS)
    for name, extras in EXTRAS.items():
        options = " ".join(f"--extra {extra}" for extra in extras)
        assert re.search(rf"\$\(LOCK\) {options} .*-o config/{name} ", makefile), name
    assert "for pinned in config/constraints*.txt; do $(BIN)/pip-audit" in makefile


def test_an_old_pin_would_be_noticed() -> None:
    lock = (ROOT / "config" / "constraints.txt").read_text()
    older = re.sub(r"^pyfingerprint==1.5", "pyfingerprint==1.4", lock, flags=re.MULTILINE)
    assert differences(older, wanted([])) == ["pyfingerprint==1.5"]
    for slip in ("example==1.0\n", "--extra-index-url http://example.org/simple\n", "example\n"):
        with pytest.raises(AssertionError):
            pins(lock + slip)


@pytest.mark.parametrize("name", EXTRAS)
def test_no_place_is_named_from_which_to_fetch(name: str) -> None:
    assert "://" not in (ROOT / "config" / name).read_text()


def of_a_gate() -> dict[str, str]:
    """What ``make sbom`` lists, without the program itself."""
    listed = json.loads((ROOT / "dist" / "sbom.json").read_text())
    assert listed["bomFormat"] == "CycloneDX"
    found: dict[str, str] = {
        canonicalize_name(one["name"]): one["version"] for one in listed["components"]
    }
    assert found.pop("attendance-edge-agent")
    return found


@pytest.mark.long
def test_the_bill_of_materials_lists_what_is_pinned() -> None:
    """All of it, at its version, and nothing that came from elsewhere. Wants a network."""
    made = subprocess.run(["make", "sbom"], cwd=ROOT, capture_output=True, text=True, check=False)
    if made.returncode and "Failed to establish" in made.stderr + made.stdout:
        pytest.skip("packages cannot be fetched here")
    assert made.returncode == 0, made.stderr
    assert of_a_gate() == pins((ROOT / "config" / "constraints.txt").read_text())
    licences = (ROOT / "dist" / "licences.md").read_text()
    assert {canonicalize_name(row.split("|")[1].strip()) for row in licences.splitlines()[2:]} == {
        *of_a_gate(),
        "attendance-edge-agent",
    }
