"""Settings that no type forbids, and that cannot be right; and those that mostly are not."""

import re
from pathlib import Path

import pytest

from edge_agent.gate.errors import BadSettings
from edge_agent.gate.settings.load import changed_settings, load_settings
from edge_agent.gate.settings.meaning import oddities

GATE = '[gate]\nid = "a"\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "gate.toml"
    file.write_text(GATE + text)
    return file


KEY = "[payroll] public_key: "

WRONG = {
    "a key that is too short": ('[payroll]\npublic_key = "ab"', KEY),
    "a key in capitals": (f'[payroll]\npublic_key = "{"AB" * 32}"', KEY),
    "no key": ("[payroll]\npublic_key = []", KEY),
    "an empty one of two": (f'[payroll]\npublic_key = ["{"ab" * 32}", ""]', KEY),
    "the same twice": (f"[payroll]\npublic_key = {[2 * 'ab' * 16] * 2}", KEY),
    "three keys": (f"[payroll]\npublic_key = {[n * 32 for n in ('ab', 'cd', 'ef')]}", KEY),
    "a number for a key": ("[payroll]\npublic_key = 7", KEY),
    "a lamp on the UART": (
        '[panel]\npins = "gpio"\ngreen = 14',
        "[panel] green: pin 14 is the sen",
    ),
    "nothing to confirm": (
        "[sensor]\nmin_score = 60\nconfirm_below = 60",
        "[sensor] confirm_below: 60 is no more than min_score, 60",
    ),
    "a touch output on it": (
        "[sensor]\ntouch_pin = 15",
        "[sensor] touch_pin: pin 15 is the sensor",
    ),
    "the supply on it": (
        "[sensor]\npower_pin = 14",
        "[sensor] power_pin: pin 14 is the sensor's l",
    ),
    "a scheme": (
        '[mqtt]\nhost = "mqtt://h"',
        "[mqtt] host: 'mqtt://h' is more than a name or an address: write host = \"h\".",
    ),
    "a whole URL": (
        '[mqtt]\nhost = "mqtts://u:geheim@h:8883/x"',
        "[mqtt] host: 'mqtts://h:8883/x' is more than a name or an address: write host = \"h\" and "
        'port = 8883, and tls = "on".',
    ),
    "a user": (
        '[mqtt]\nhost = "u:geheim@h"',
        "[mqtt] host: 'h' is more than a name or an address: write host = \"h\".",
    ),
    "a port": (
        '[mqtt]\nhost = "10.0.0.1:1883"',
        "[mqtt] host: '10.0.0.1:1883' is more than a name or an address: write host = \"10.0.0.1\" "
        "and port = 1883.",
    ),
    "a port after brackets": (
        '[mqtt]\nhost = "[::1]:1883"',
        "[mqtt] host: '[::1]:1883' is more than a name or an address: write host = \"::1\" and "
        "port = 1883.",
    ),
    "a blank behind": (
        '[mqtt]\nhost = "h "',
        "[mqtt] host: 'h ' begins or ends with a blank: write host = \"h\".",
    ),
    "a blank within": ('[mqtt]\nhost = "a b"', "[mqtt] host: 'a b' is no name of a machine"),
    "no address": ('[mqtt]\nhost = "10.0.0.300"', "[mqtt] host: '10.0.0.300' is no address"),
    "an empty part": ('[mqtt]\nhost = "a..b"', "[mqtt] host: 'a..b' is no name of a machine"),
    "a blank behind a port": (
        '[sensor]\nport = "/dev/ttyUSB0 "',
        "[sensor] port: '/dev/ttyUSB0 ' begins or ends with a blank: write "
        'port = "/dev/ttyUSB0".',
    ),
    "a port of quotes": (
        '[mqtt]\nport = "1883"',
        "[mqtt] port: '1883' cannot be used: use a number from 1 to 65535, or \"auto\"; did you "
        "mean port = 1883?",
    ),
    "a port out of range": ("[mqtt]\nport = 65536", "[mqtt] port: 65536 cannot be used: use a num"),
    "a sensor without a port": (
        '[sensor]\nport = "socket://10.0.0.5"',
        "[sensor] port: 'socket://10.0.0.5' lacks a port from 1 to 65535: socket://HOST:PORT.",
    ),
    "a sensor's port out of range": (
        '[sensor]\nport = "socket://10.0.0.5:70000"',
        "[sensor] port: 'socket://10.0.0.5:70000' lacks a port from 1 to 65535",
    ),
    "a scheme that no sensor has": (
        '[sensor]\nport = "tcp://10.0.0.5:4000"',
        "[sensor] port: 'tcp://10.0.0.5:4000' cannot be used: a sensor at a network is socket://",
    ),
    "a home": ('[store]\npath = "~/gate.db"', "[store] path: '~/gate.db': ~ means no folder here"),
    "the folder itself": ('[store]\npath = "."', "[store] path: '.' names a folder"),
    "a folder": ('[store]\npath = "/var/lib/"', "[store] path: '/var/lib/' names a folder"),
    "a URL of a file": ('[store]\npath = "file:///a"', "[store] path: 'file:///a' cannot be used"),
    "one name twice": (
        '[store]\npath = "/a"\n[control]\nsocket = "/a"',
        "[control] socket: '/a' is [store] path already.",
    ),
    "a zone in small letters": (
        'timezone = "asia/ho_chi_minh"',
        "[gate] timezone: 'asia/ho_chi_minh' is no IANA time zone, such as Asia/Ho_Chi_Minh.",
    ),
    "a place without its continent": (
        'timezone = "Bangkok"',
        "[gate] timezone: 'Bangkok' is no IANA time zone, such as Asia/Bangkok.",
    ),
    "seven hours ahead": (
        'timezone = "GMT+7"',
        "[gate] timezone: 'GMT+7' is no IANA time zone, such as Asia/Ho_Chi_Minh.",
    ),
    "the trap in small letters": (
        'timezone = "etc/gmt+7"',
        "[gate] timezone: 'etc/gmt+7' is no IANA time zone, such as Asia/Ho_Chi_Minh.",
    ),
    "a reader with a blank": (
        '[reader]\ndevices = ["/dev/input/a "]',
        "[reader] devices: '/dev/input/a ' begins or ends with a blank: write \"/dev/input/a\".",
    ),
    "a reader twice": (
        '[reader]\ndevices = ["/dev/input/a", "/dev/input/a"]',
        "[reader] devices: '/dev/input/a' stands there twice",
    ),
    "a folder of readers": (
        '[reader]\ndevices = ["/dev/input/by-id/"]',
        "[reader] devices: '/dev/input/by-id/' names a folder",
    ),
    "hours that are none": (
        '[punch]\nin_hours = ["05:00-05:00"]',
        "[punch] in_hours: '05:00-05:00' ends when it begins",
    ),
    "an offset": ('timezone = "UTC+7"', "[gate] timezone: 'UTC+7' is no IANA time zone"),
    "a capital": (
        '[punch]\ndirection = "Alternate"',
        "[punch] direction: 'Alternate' cannot be used: use one of 'none', 'in', 'out', "
        "'alternate', 'keys'; did you mean direction = \"alternate\"?",
    ),
    "a word for a switch": (
        "[mqtt]\ntls = true",
        "[mqtt] tls: true cannot be used: use one of 'auto', 'on', 'off'; did you mean "
        'tls = "on"?',
    ),
    "a switch in quotes": (
        '[home_assistant]\ndiscovery = "true"',
        "[home_assistant] discovery: 'true' cannot be used: use true or false, without quotes; "
        "did you mean discovery = true?",
    ),
    "a number without quotes": (
        "[mqtt]\nprotocol = 5",
        "[mqtt] protocol: 5 cannot be used: use one of 'auto', '5', '3.1.1'; did you mean "
        'protocol = "5"?',
    ),
    "a number in quotes": (
        '[sensor]\ncaptures = "3"',
        "[sensor] captures: '3' cannot be used: use a whole number from 1 to 5, without quotes; "
        "did you mean captures = 3?",
    ),
    "a date": (
        "[punch]\nrepeat_window_s = 2026-11-28",
        "[punch] repeat_window_s: 2026-11-28 cannot be used: use a whole number from 0 to 86400",
    ),
    "a hyphen": (
        "[sensor]\ntouch-pin = 4",
        "[sensor] touch-pin: there is no such key; did you mean 'touch_pin'?",
    ),
    "another section's key": (
        '[sensor]\nhost = "h"',
        "[sensor] host: there is no such key; it belongs below [mqtt].",
    ),
    "a section's name in capitals": (
        "[Sensor]\ncaptures = 3",
        "[Sensor]: there is no such section; did you mean 'sensor'?",
    ),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_right(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSettings) as caught:
        load_settings(write(tmp_path, text))
    [problem] = caught.value.problems
    assert re.sub(r"^line \d+: ", "", problem).startswith(said)
    assert "geheim" not in problem


@pytest.mark.parametrize(
    "text",
    [
        '[sensor]\nport = "/dev/ttyUSB0"\ntouch_pin = 14',
        '[sensor]\nport = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"\ntouch_pin = 15',
        '[sensor]\nport = "socket://10.0.0.5:4000"\npower_pin = 14',
        '[mqtt]\nhost = "::1"',
        '[mqtt]\nhost = "fe80::1%eth0"',
        '[mqtt]\nhost = "broker.htx.example."',
        '[mqtt]\nhost = "may_chu-2"',
        '[mqtt]\nhost = "máychủ.vn"',
    ],
)
def test_what_is_right(tmp_path: Path, text: str) -> None:
    assert oddities(load_settings(write(tmp_path, text))) == []


def test_keys_below_a_misspelt_section_are_judged_too(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text('[Gate]\nid = "A"\n')
    with pytest.raises(BadSettings) as caught:
        load_settings(file)
    assert caught.value.problems == [
        "line 1: [Gate]: there is no such section; did you mean 'gate'?",
        "[gate] id: 'A' cannot be used: use 1 to 32 of a-z, 0-9 and '-'; did you mean id = \"a\"?",
    ]


def test_a_key_before_the_first_section(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_text('id = "a"\n')
    with pytest.raises(BadSettings) as caught:
        load_settings(file)
    told = "line 1: id: this key stands in no section: put it below [gate]."
    assert told in caught.value.problems


ODD = {
    "behind": ('timezone = "Etc/GMT+7"', "[gate] timezone: Etc/GMT+7 is 7 hours BEHIND UTC"),
    "TLS at the other port": (
        '[mqtt]\nhost = "h"\nport = 1883',
        "[mqtt] port: 1883 with TLS is unusual",
    ),
    "no TLS at its port": ("[mqtt]\nport = 8883", "[mqtt] port: 8883 with no TLS is unusual"),
    "the pins of a memory": ("[sensor]\ntouch_pin = 1", "[sensor] touch_pin: pin 1 is kept for"),
}


@pytest.mark.parametrize(("text", "said"), ODD.values(), ids=ODD.keys())
def test_what_is_mostly_not_meant(tmp_path: Path, text: str, said: str) -> None:
    [told] = oddities(load_settings(write(tmp_path, text)))
    assert str(told).startswith(said)


def test_the_zone_ahead_of_utc_is_not_odd(tmp_path: Path) -> None:
    assert oddities(load_settings(write(tmp_path, 'timezone = "Etc/GMT-7"'))) == []


def test_what_has_changed(tmp_path: Path) -> None:
    then = load_settings(write(tmp_path, ""))
    assert changed_settings(then, load_settings(write(tmp_path, "# only a word\n"))) == []
    assert changed_settings(then, load_settings(write(tmp_path, 'language = "vi"\n'))) == []
    now = load_settings(write(tmp_path, '[sensor]\ncaptures = 2\n[mqtt]\nhost = "h"\n'))
    assert changed_settings(then, now) == ["[sensor] captures", "[mqtt] host"]
