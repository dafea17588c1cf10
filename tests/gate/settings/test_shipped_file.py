"""The file that is shipped names every setting, with its default."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import NODEFAULT, structs

from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.settings.schema import Settings

SHIPPED = Path(__file__).parents[3] / "config" / "edge-agent.toml"


def declared() -> dict[str, dict[str, Any]]:
    return {
        section.name: {
            key.name: msgspec.json.decode(msgspec.json.encode(key.default))
            for key in structs.fields(section.type)
            if key.default is not NODEFAULT
        }
        for section in structs.fields(Settings)
    }


def uncommented(text: str) -> str:
    """The file with every commented-out setting in force: ``# key = …``, ``#key = …``."""
    lines = []
    for line in text.splitlines():
        bare = line.removeprefix("#").lstrip()
        is_setting = bare.split(" =")[0].replace("_", "").isalnum() and " = " in bare
        lines.append(bare if line.startswith("#") and is_setting else line)
    return "\n".join(lines)


@pytest.fixture(scope="module")
def shipped() -> str:
    return SHIPPED.read_text(encoding="utf-8")


def test_it_can_be_used_as_it_is() -> None:
    assert load_settings(SHIPPED).gate.id


def test_it_names_every_setting_and_its_default(shipped: str) -> None:
    stated = tomllib.loads(uncommented(shipped))
    stated["gate"].pop("id")
    assert stated == declared()


def test_a_setting_that_nobody_knows_would_be_found(shipped: str) -> None:
    stated = tomllib.loads(uncommented(shipped + "\n[log]\n".replace("[log]", "[logs]")))
    assert stated.keys() - declared().keys() == {"logs"}
