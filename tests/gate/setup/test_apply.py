"""A machine set up by the file on its card: whole, once, wherever the power fails."""

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.contract.errors import BadRequest, StoreFault
from edge_agent.contract.language import Message
from edge_agent.gate.errors import BadSettings
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.setup.apply import set_up
from tests.power_cut import PowerCut

from .test_card_file import KEY, filled_in

CONFIG = Path("/etc/edge-agent/edge-agent.toml")
SECRETS = ("wifi-geheim\\", "mqtt-geheim", "4711", "PRIVATE")

WHOLE = {
    "wifi_name": '"Nhà máy chè; 2"',
    "wifi_password": "'wifi-geheim\\'",
    "mobile_apn": '"v-internet"',
    "mobile_pin": '"4711"',
    "mqtt_username": '"main-gate"',
    "mqtt_password": '"mqtt-geheim"',
    "mqtt_ca_file": '"ca.pem"\ncert_file = "gate.crt"\nkey_file = "gate.key"',
    "technician_ssh_keys": f'["{KEY}"]',
}
FILE = filled_in(**WHOLE)


class Card:
    """A card in a phone, and the machine that it is put into afterwards."""

    def __init__(self, folder: Path, text: str = FILE) -> None:
        self.boot, self.root = folder / "boot", folder / "root"
        self.path = self.boot / "gate.toml"
        self.boot.mkdir(parents=True)
        self.root.mkdir()
        self.path.write_text(text)
        for name, content in (("ca.pem", "CA"), ("gate.crt", "CERT"), ("gate.key", "PRIVATE")):
            (self.boot / name).write_text(content)

    def switch_on(self, find: Callable[[], tuple[str, int]] | None = None) -> Message:
        """What the unit does where the file is there."""
        return set_up(self.path, CONFIG, "a note", find or nobody, self.root)

    @property
    def machine(self) -> dict[str, str]:
        """Every file of the machine."""
        return {
            str(path.relative_to(self.root)): os.readlink(path)
            if path.is_symlink()
            else f"{path.stat().st_mode & 0o777:o} {path.read_text()}"
            for path in sorted(self.root.rglob("*"))
            if path.is_symlink() or path.is_file()
        }

    @property
    def result(self) -> str:
        return (self.boot / "gate.result.txt").read_text()

    @property
    def said(self) -> str:
        """All that can be read on the card."""
        return "".join(path.read_text() for path in self.boot.iterdir())


def nobody() -> tuple[str, int]:
    raise BadRequest("setup.no-sensor")


@pytest.fixture(autouse=True)
def technician(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine has this user, as the image does."""
    known = pwd.getpwnam

    def found(name: str) -> pwd.struct_passwd:
        return pwd.getpwuid(os.getuid()) if name == "technician" else known(name)

    monkeypatch.setattr(pwd, "getpwnam", found)


@pytest.fixture
def card(tmp_path: Path) -> Card:
    return Card(tmp_path / "one")


def test_a_machine_becomes_the_gate(card: Card) -> None:
    card.switch_on()
    machine = card.machine
    settings = load_settings(card.root / "etc/edge-agent/edge-agent.toml")
    assert settings.gate.id == "main-gate"
    assert settings.mqtt.password_file == "/etc/edge-agent/mqtt-password"
    assert settings.mqtt.ca_file == "/etc/edge-agent/ca.pem"
    assert machine["etc/edge-agent/mqtt-password"] == "600 mqtt-geheim\n"
    assert machine["etc/edge-agent/ca.pem"] == "644 CA"
    assert machine["etc/edge-agent/gate.key"] == "600 PRIVATE"
    assert machine["etc/hostname"] == "644 main-gate\n"
    assert machine["etc/localtime"] == "/usr/share/zoneinfo/Asia/Ho_Chi_Minh"
    assert machine["home/technician/.ssh/authorized_keys"] == f"600 {KEY}\n"
    wifi = machine["etc/NetworkManager/system-connections/wifi.nmconnection"]
    ssid = "".join(f"{byte};" for byte in "Nhà máy chè; 2".encode())
    assert wifi.startswith("600 [connection]\n")
    assert f"\nssid={ssid}\n" in wifi
    assert "\npsk=wifi-geheim\\\\\n" in wifi
    mobile = machine["etc/NetworkManager/system-connections/mobile.nmconnection"]
    assert "\napn=v-internet\npin=4711\n" in mobile
    assert "regdom=VN" in machine["etc/modprobe.d/wifi-country.conf"]


def test_no_secret_stays_on_the_card_or_in_the_settings(card: Card) -> None:
    card.switch_on()
    assert not card.path.exists()
    settings = card.machine["etc/edge-agent/edge-agent.toml"]
    for secret in SECRETS:
        assert secret not in card.said
        assert secret not in settings
    assert "Đã cài xong cổng main-gate" in card.result
    assert "Gate main-gate is set up" in card.result


def test_what_was_read_may_be_used_again_with_its_passwords(card: Card) -> None:
    card.switch_on()
    first = card.machine
    done = (card.boot / "gate.done.toml").read_text()
    card.path.write_text(done)
    with pytest.raises(BadSettings, match="type it again"):
        card.switch_on()
    for section, secret in (
        ("wifi", "wifi-geheim\\\\"),
        ("mqtt", "mqtt-geheim"),
        ("mobile", "4711"),
    ):
        before, header, after = done.partition(f"[{section}]\n")
        done = before + header + after.replace("(taken out)", secret, 1)
    card.path.write_text(done)
    card.switch_on()
    assert card.machine == first


def test_with_a_wrong_line_nothing_is_done_and_the_next_start_tries_again(card: Card) -> None:
    right = card.path.read_text()
    card.path.write_text(right.replace('country = "VN"', 'country = "Vietnam"'))
    with pytest.raises(BadSettings):
        card.switch_on()
    assert card.machine == {}
    assert "Chưa thay đổi gì cả" in card.result
    assert "[wifi] country" in card.result
    card.path.write_text(right)
    card.switch_on()
    assert "[wifi] country" not in card.result
    assert "etc/edge-agent/edge-agent.toml" in card.machine


def test_a_sensor_that_is_looked_for_and_not_there_leaves_all_as_it_was(card: Card) -> None:
    card.path.write_text(FILE.replace('port = "/dev/ttyAMA0"', 'port = "auto"'))
    with pytest.raises(BadRequest):
        card.switch_on()
    assert card.machine == {}
    assert "no sensor answers" in card.result
    assert "edge-agent setup" not in card.result
    card.switch_on(lambda: ("/dev/ttyUSB0", 9600))
    settings = load_settings(card.root / "etc/edge-agent/edge-agent.toml")
    assert (settings.sensor.port, settings.sensor.baud) == ("/dev/ttyUSB0", 9600)


def test_a_network_that_is_not_stated_any_more_goes(card: Card) -> None:
    card.switch_on()
    card.path.write_text(filled_in())
    card.switch_on()
    assert not [name for name in card.machine if "nmconnection" in name or "authorized" in name]


_SECTOR = 512


@contextmanager
def cut_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Cut the power before the step of that number, or in it where it writes several sectors."""
    steps = [0]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def stepping(*arguments: object, **named: object) -> object:
            steps[0] += 1
            if steps[0] == step:
                raise PowerCut
            return real(*arguments, **named)

        return stepping

    write = os.pwrite

    def torn(fd: int, content: bytes, offset: int) -> int:
        steps[0] += 1
        if steps[0] == step:
            write(fd, content[_SECTOR:], offset + _SECTOR)
            raise PowerCut
        return write(fd, content, offset)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", counted(os.fsync))
        patch.setattr(os, "pwrite", torn)
        for name in ("rename", "unlink", "symlink_to"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        yield steps


def test_wherever_the_power_fails_the_end_is_the_same(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cut_at(0, monkeypatch) as steps:
        card.switch_on()
    whole, said = card.machine, card.said
    assert steps[0] > 40
    for step in range(1, steps[0] + 1):
        other = Card(tmp_path / str(step))
        with cut_at(step, monkeypatch), pytest.raises(PowerCut):
            other.switch_on()
        if other.path.exists():
            other.switch_on()
        assert other.machine == whole, step
        assert other.said == said, step


def test_a_card_that_cannot_be_written_is_no_gate_set_up(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device", str(card.boot))

    with monkeypatch.context() as patch:
        patch.setattr("edge_agent.gate.setup.apply.write_settings", full)
        with pytest.raises(StoreFault):
            card.switch_on()
    assert card.path.read_text() == FILE
    assert "Nothing was changed" not in card.result
    assert "Begun and not finished" in card.result
    assert "No space left" in card.result
    card.switch_on()
    assert not card.path.exists()


SETTINGS = "etc/edge-agent/edge-agent.toml"
KEYS = "home/technician/.ssh/authorized_keys"


def changed_at_the_gate(card: Card) -> None:
    """Settings, a key and a name of another machine, after the first card."""
    card.switch_on()
    settings = card.root / SETTINGS
    text = settings.read_text().replace("broker.example", "other.example")
    settings.write_text(f'# ours\n{text}\n[privacy]\nconsent = "required"\n')
    (card.root / KEYS).write_text("another key\n")
    with (card.root / "etc/hosts").open("a") as hosts:
        hosts.write("10.0.0.9 payroll\n")


def a_new_password(card: Card) -> None:
    """What the page says: what was read, with its passwords and a new one for the Wi-Fi."""
    text = (card.boot / "gate.done.toml").read_text()
    for section, secret in (("wifi", "new-geheim"), ("mqtt", "mqtt-geheim"), ("mobile", "4711")):
        before, header, after = text.partition(f"[{section}]\n")
        text = before + header + after.replace("(taken out)", secret, 1)
    (card.boot / "gate.done.toml").write_text(text)  # Where some fill it in.
    card.path.write_text(text)


def test_a_new_wifi_password_undoes_nothing_that_was_changed_at_the_gate(card: Card) -> None:
    changed_at_the_gate(card)
    before = card.machine
    a_new_password(card)
    card.switch_on()
    after = card.machine
    wifi = "etc/NetworkManager/system-connections/wifi.nmconnection"
    assert "\npsk=new-geheim\n" in after.pop(wifi)
    assert before.pop(wifi)
    assert after == before
    for kept in ("[privacy] consent", "[mqtt] host", f"/{KEYS}"):
        assert kept in card.result


def test_what_a_second_file_states_otherwise_is_changed_and_the_rest_kept(card: Card) -> None:
    changed_at_the_gate(card)
    before = card.machine[SETTINGS]
    card.path.write_text(
        FILE.replace('id = "main-gate"', 'id = "back-gate"').replace(
            'pins = "gpio"', 'pins = "none"\n[privacy]\nerase_within_days = 3'
        )
    )
    card.switch_on()
    settings = load_settings(card.root / SETTINGS)
    assert (settings.gate.id, settings.panel.pins) == ("back-gate", "none")
    assert settings.privacy.erase_within_days == 3
    assert settings.privacy.consent == "required"
    assert settings.mqtt.host == "other.example"
    assert card.machine[f"{SETTINGS}.before"] == before
    hosts = card.machine["etc/hosts"]
    assert "10.0.0.9 payroll\n" in hosts
    assert "127.0.1.1 back-gate\n" in hosts
    assert "main-gate" not in hosts


def test_a_broker_password_that_is_stated_as_none_goes(card: Card) -> None:
    card.switch_on()
    card.path.write_text(filled_in())
    card.switch_on()
    assert "etc/edge-agent/mqtt-password" not in card.machine
    assert load_settings(card.root / SETTINGS).mqtt.password_file == ""


def test_wherever_the_power_fails_in_a_second_file_the_end_is_the_same(
    card: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(card: Card) -> None:
        changed_at_the_gate(card)
        a_new_password(card)
        (card.root / "etc/edge-agent/gate.crt").write_text("exchanged")
        (card.boot / "ca.pem").write_text("THE NEXT CA")
        card.path.write_text(f"{card.path.read_text()}\n[punch]\nrepeat_window_s = 0\n")

    prepare(card)
    with cut_at(0, monkeypatch) as steps:
        card.switch_on()
    whole, said = card.machine, card.said
    assert "# ours" in whole[f"{SETTINGS}.before"]
    assert whole["etc/edge-agent/ca.pem"] == "644 THE NEXT CA"
    assert whole["etc/edge-agent/gate.crt"] == "644 exchanged"
    for step in range(1, steps[0] + 1):
        other = Card(tmp_path / str(step))
        prepare(other)
        with cut_at(step, monkeypatch), pytest.raises(PowerCut):
            other.switch_on()
        if other.path.exists():
            other.switch_on()
        assert other.machine == whole, step
        assert other.said == said, step


def test_a_sensor_that_a_gate_has_stays_where_none_is_found(card: Card) -> None:
    text = FILE.replace('port = "/dev/ttyAMA0"', 'port = "auto"')
    card.path.write_text(text)
    card.switch_on(lambda: ("/dev/ttyUSB0", 9600))
    card.path.write_text(text)
    card.switch_on()
    settings = load_settings(card.root / SETTINGS)
    assert (settings.sensor.port, settings.sensor.baud) == ("/dev/ttyUSB0", 9600)
    assert "[sensor] port" in card.result
    assert 'port = "auto"' in (card.boot / "gate.done.toml").read_text()


def test_keys_for_a_user_that_is_not_there_are_refused(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody_of(name: str) -> pwd.struct_passwd:
        raise KeyError(name)

    monkeypatch.setattr(pwd, "getpwnam", nobody_of)
    with pytest.raises(BadRequest, match="technician"):
        card.switch_on()
    assert card.machine == {}


def the_same_again(card: Card, **values: str) -> None:
    """A whole second file, with all passwords and other values than the first."""
    card.path.write_text(filled_in(**{**WHOLE, **values}))
    card.switch_on()


def test_a_ca_that_was_exchanged_at_the_gate_is_not_undone_by_the_one_on_the_card(
    card: Card,
) -> None:
    card.switch_on()
    exchanged = card.root / "etc/edge-agent/ca.pem"
    exchanged.write_text("THE NEXT CA")
    the_same_again(card, wifi_password='"new-geheim"')
    assert exchanged.read_text() == "THE NEXT CA"
    assert "/etc/edge-agent/ca.pem" in card.result
    assert "new-geheim" in "".join(card.machine.values())


def test_another_ca_on_the_card_is_taken_and_used(card: Card) -> None:
    card.switch_on()
    settings, ca = card.root / SETTINGS, card.root / "etc/edge-agent/ca.pem"
    ca.write_text("THE NEXT CA")
    settings.write_text(settings.read_text().replace("/ca.pem", "/elsewhere.pem"))
    (card.boot / "ca.pem").write_text("BROUGHT")
    the_same_again(card)
    assert ca.read_text() == "BROUGHT"
    assert load_settings(settings).mqtt.ca_file == "/etc/edge-agent/ca.pem"
    # And is on the card from now on.
    ca.write_text("THE ONE AFTER")
    the_same_again(card)
    assert ca.read_text() == "THE ONE AFTER"


def test_a_certificate_and_its_key_are_exchanged_together_or_not_at_all(card: Card) -> None:
    card.switch_on()
    for name in ("gate.crt", "gate.key"):
        (card.root / "etc/edge-agent" / name).write_text("exchanged")
    (card.boot / "gate.key").write_text("PRIVATE")  # From the phone's copy of the first card.
    the_same_again(card)
    assert card.machine["etc/edge-agent/gate.crt"] == "644 exchanged"
    assert card.machine["etc/edge-agent/gate.key"] == "600 exchanged"
    assert not (card.boot / "gate.key").exists()


def test_a_file_that_is_gone_at_the_gate_is_taken_from_the_card(card: Card) -> None:
    card.switch_on()
    (card.root / "etc/edge-agent/ca.pem").unlink()
    the_same_again(card)
    assert card.machine["etc/edge-agent/ca.pem"] == "644 CA"


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ('[wifi]\npassword = "new-geheim"', "[wifi] name: empty"),
        ('[wifi]\nname = "other"', "[wifi]: this file changes a part"),
        ('[mobile]\napn = "m3-world"', "pin"),
        ('[mobile]\npin = "1234"', "[mobile] apn: empty"),
    ],
)
def test_a_part_of_a_network_is_refused_and_the_network_stays(
    card: Card, part: str, told: str
) -> None:
    card.switch_on()
    before = card.machine
    card.path.write_text(
        f'[gate]\nid = "main-gate"\ntimezone = "Asia/Ho_Chi_Minh"\n'
        f'[mqtt]\nhost = "broker.example"\n{part}\n'
    )
    with pytest.raises(BadSettings):
        card.switch_on()
    assert card.machine == before
    assert told in card.result
    assert "Nothing was changed" in card.result


def test_another_user_at_the_broker_comes_with_a_password(card: Card) -> None:
    card.switch_on()
    head = '[gate]\nid = "main-gate"\n[mqtt]\nhost = "broker.example"\nusername = "other"\n'
    card.path.write_text(head)
    with pytest.raises(BadSettings, match="password"):
        card.switch_on()
    card.path.write_text(f'{head}password = ""\n')
    card.switch_on()
    assert "etc/edge-agent/mqtt-password" not in card.machine
    assert load_settings(card.root / SETTINGS).mqtt.username == "other"


def test_a_network_whole_or_a_country_alone_is_changed(card: Card) -> None:
    card.switch_on()
    networks = "etc/NetworkManager/system-connections"
    head = '[gate]\nid = "main-gate"\n[mqtt]\nhost = "broker.example"\n'
    wifi, mobile = (card.machine[f"{networks}/{one}.nmconnection"] for one in ("wifi", "mobile"))
    card.path.write_text(f'{head}[wifi]\ncountry = "LA"\n')
    card.switch_on()
    assert card.machine[f"{networks}/wifi.nmconnection"] == wifi
    assert "regdom=LA" in card.machine["etc/modprobe.d/wifi-country.conf"]
    card.path.write_text(f'{head}[wifi]\nname = "other"\npassword = "new-geheim"\n')
    card.switch_on()
    assert "psk=new-geheim" in card.machine[f"{networks}/wifi.nmconnection"]
    assert card.machine[f"{networks}/mobile.nmconnection"] == mobile
    assert "regdom=LA" in card.machine["etc/modprobe.d/wifi-country.conf"]


def test_a_short_file_between_does_not_make_the_first_one_new_again(card: Card) -> None:
    changed_at_the_gate(card)
    card.path.write_text('[gate]\nid = "main-gate"\n[mqtt]\nhost = "broker.example"\n')
    card.switch_on()
    the_same_again(card)
    settings = load_settings(card.root / SETTINGS)
    assert settings.mqtt.host == "other.example"
    assert settings.privacy.consent == "required"
    assert (card.root / KEYS).read_text() == "another key\n"
