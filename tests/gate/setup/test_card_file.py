"""The file on a new card: each line that cannot be is told, with its place and no secret."""

import re
from pathlib import Path

import pytest

from edge_agent.contract.language import said
from edge_agent.gate.errors import BadSettings
from edge_agent.gate.settings.schema import Settings
from edge_agent.gate.setup.card_file import CardFile, files_beside, looks_for_sensor, read_card_file

ROOT = Path(__file__).parents[3]
SHIPPED = (ROOT / "config/gate.toml").read_text(encoding="utf-8")

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0h3iXh2yB6yGv9dQm0D8y2vKqT0cX1bKoCk7n1p2Qz hung@phone"


def filled_in(**values: str) -> str:
    """The shipped file with an id and a broker, and other values by ``section_key``."""
    text = SHIPPED
    for name, value in {
        "gate_id": '"main-gate"',
        "mqtt_host": '"broker.example"',
        **values,
    }.items():
        section, _, key = name.partition("_")
        pattern = rf"(^\[{section}\]$.*?^{key} = )[^\n]*"
        found = re.search(pattern, text, re.M | re.S)
        assert found, name
        text = text[: found.start()] + found[1] + value + text[found.end() :]
    return text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "boot" / "gate.toml"


def read(text: str, path: Path) -> CardFile:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return read_card_file(path.read_bytes(), path, path.parent.parent / "kept/edge-agent.toml")


def problems(text: str, path: Path) -> list[str]:
    with pytest.raises(BadSettings) as bad:
        read(text, path)
    return bad.value.problems


def test_the_shipped_file_wants_a_name_and_a_broker(path: Path) -> None:
    told = problems(SHIPPED, path)
    assert len(told) == 2
    id_line = SHIPPED.splitlines().index('id = ""') + 1
    assert told[0].startswith(f"line {id_line}: [gate] id: '' cannot be used")
    assert "[mqtt] host" in told[1]


def test_filled_in_it_is_a_gate(path: Path) -> None:
    card = read(filled_in(mqtt_username='"main-gate"', mqtt_password='"s3cret pass"'), path)
    assert card.gate.id == "main-gate"
    assert card.sensor.port == "/dev/ttyAMA0"
    assert card.stated()["mqtt"] == {
        "host": "broker.example",
        "username": "main-gate",
        "password": "s3cret pass",
    }


def test_each_section_that_only_a_card_has_is_in_the_shipped_file() -> None:
    own = set(CardFile.__struct_fields__) - set(Settings.__struct_fields__)
    for section in own:
        kind = CardFile.__annotations__[section]
        body = SHIPPED.partition(f"[{section}]\n")[2].partition("\n[")[0]
        for key in kind.__struct_fields__:
            assert re.search(rf"^{key} = ", body, re.M), (section, key)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("gate_id", '"Main Gate"', "1 to 32 of a-z"),
        ("gate_timezone", '"Hanoi"', "IANA"),
        ("gate_language", '"de"', "'vi'"),
        ("wifi_name", f'"{"ế" * 11}"', "32 bytes"),
        ("wifi_name", '"two\\nlines"', "32 bytes"),
        ("wifi_password", '"short77"', "8 to 63"),
        ("wifi_password", '"mật khẩu có dấu"', "8 to 63"),
        ("wifi_country", '"Vietnam"', "such as VN"),
        ("mobile_apn", '"v internet"', "v-internet"),
        ("mobile_pin", "1234", "4 to 8 digits"),
        ("mobile_pin", "0471", 'write pin = "…"'),
        ("mqtt_host", '"mqtt://broker.example"', "host"),
        ("mqtt_password", '"s3cret without user"', "user name"),
        ("mqtt_ca_file", '"ca.pem"', "'ca.pem'"),
        ("mqtt_ca_file", '"edge-agent.toml"', "another one"),
        ("mqtt_ca_file", '"gate.toml"', "another one"),
        ("mqtt_ca_file", '"gate.done.toml"', "another one"),
        ("mqtt_ca_file", '"mqtt-password"', "another one"),
        ("sensor_port", "ttyAMA0", "quotes"),
        ("sensor_port", '"ttyAMA0"', "is on the card"),
        ("sensor_port", '"AUTO"', 'port = "auto"'),
        ("panel_pins", '"yes"', "'gpio'"),
        ("payroll_public_key", '"3ccd"', "64 digits"),
        ("upgrade_public_key", '"3ccd"', "64 digits"),
        ("technician_ssh_keys", '["-----BEGIN OPENSSH PRIVATE KEY-----"]', "id_ed25519.pub"),
        ("technician_ssh_keys", f'"{KEY}"', "a list"),
        ("technician_ssh_keys", f'["{KEY}\\nssh-rsa AAAA"]', "id_ed25519.pub"),
        ("wifi_password", '"(taken out)"', "type it again"),
    ],
)
def test_a_bad_line_is_told_with_its_place(path: Path, name: str, value: str, told: str) -> None:
    text = filled_in(**{name: value})
    section, _, key = name.partition("_")
    lines = text.splitlines()
    stands_in = lines.index(f"{key} = {value}", lines.index(f"[{section}]")) + 1
    (problem,) = problems(text, path)
    assert problem.casefold().startswith((f"line {stands_in}:", f"line {stands_in}, "))
    assert told in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wifi_password", '"geh€im-wifi"'),
        ("mobile_password", '" geheim"'),
        ("mqtt_password", '"geheim '),
        ("mobile_pin", '"12ab"'),
        ("mobile_pin", "0777"),
        ("wifi_password", "geheim-wifi"),
    ],
)
def test_what_is_told_shows_no_secret(path: Path, name: str, value: str) -> None:
    path.parent.mkdir()
    with pytest.raises(BadSettings) as bad:
        read(filled_in(**{name: value}), path)
    for language in ("vi", "en"):
        told = said(bad.value.message, language)
        assert "geh" not in told
        assert "12ab" not in told
        assert "777" not in told


def test_every_problem_is_told_at_once(path: Path) -> None:
    told = problems(filled_in(gate_id='"A"', wifi_password='"x"', mobile_apn='"?"'), path)
    assert len(told) == 3


def test_what_lies_beside_it_is_meant_by_its_name(path: Path) -> None:
    path.parent.mkdir()
    path.with_name("ca.pem").write_text("PEM")
    card = read(filled_in(mqtt_ca_file='"ca.pem"'), path)
    assert files_beside(card, path) == {("mqtt", "ca_file"): path.with_name("ca.pem")}
    elsewhere = read(filled_in(mqtt_ca_file='"/etc/ssl/own.pem"'), path)
    assert files_beside(elsewhere, path) == {}


def test_two_files_of_one_name_are_refused(path: Path) -> None:
    (path.parent / "own").mkdir(parents=True)
    for name in ("ca.pem", "own/ca.pem"):
        (path.parent / name).write_text("PEM")
    text = filled_in(mqtt_ca_file='"ca.pem"\ncert_file = "own/ca.pem"\nkey_file = "/etc/own.key"')
    (problem,) = problems(text, path)
    assert "'ca.pem'" in problem
    assert "cert_file" in problem


@pytest.mark.parametrize(
    "stated", ['[store]\npath = "gate.db"', '[control]\nsocket = "run/control.sock"']
)
def test_nothing_that_the_gate_writes_lies_on_the_card(path: Path, stated: str) -> None:
    (problem,) = problems(f"{filled_in()}\n{stated}\n", path)
    assert "lie on the card" in problem


def test_a_sensor_may_be_looked_for(path: Path) -> None:
    assert looks_for_sensor(read(filled_in(sensor_port='"auto"'), path), path)
    assert not looks_for_sensor(read(filled_in(), path), path)


def test_any_setting_may_stand_there(path: Path) -> None:
    text = filled_in() + "\n[punch]\nrepeat_window_s = 0\n[panel.x]\n"
    assert "[panel] x" in str(problems(text, path))
    card = read(filled_in() + "\n[punch]\nrepeat_window_s = 0\n", path)
    assert card.stated()["punch"] == {"repeat_window_s": 0}
