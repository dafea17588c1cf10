"""The settings file: what is in it is used, and everything wrong with it is said at once."""

import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.errors import BadSettings
from edge_agent.gate.settings.load import load_settings
from edge_agent.gate.settings.schema import Settings

LEAST = '[gate]\nid = "main-gate"\n'


def load(folder: Path, text: str | bytes) -> Settings:
    path = folder / "edge-agent.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(path)


def problems(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        load(folder, text)
    assert caught.value.problems
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    assert str(folder) in str(caught.value)
    return caught.value.problems


def test_only_the_gate_needs_a_name(tmp_path: Path) -> None:
    found = load(tmp_path, LEAST)
    assert found.gate.id == "main-gate"
    assert found.gate.timezone == "Asia/Ho_Chi_Minh"
    assert (found.sensor.port, found.sensor.baud) == ("/dev/serial0", 57600)
    assert found.panel.pins == "none"
    assert (found.punch.repeat_window_s, found.punch.direction) == (60, DirectionRule.NONE)
    assert found.store.path == "/var/lib/edge-agent/gate.db"
    assert found.control.socket == "/run/edge-agent/control.sock"
    assert (found.mqtt.protocol, found.mqtt.confirm_by) == ("auto", "payroll")


def test_what_stands_in_the_file_is_used(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        LEAST + '[sensor]\nbaud = 9600\n[panel]\npins = "gpio"\nbuzzer = "none"\ngreen = 0\n'
        '[punch]\ndirection = "alternate"\nrepeat_window_s = 0\n[log]\nformat = "json"\n',
    )
    assert found.sensor.baud == 9600
    assert (found.panel.pins, found.panel.buzzer, found.panel.green) == ("gpio", "none", 0)
    assert found.punch.direction is DirectionRule.ALTERNATE
    assert found.log.format == "json"


def test_relative_paths_stand_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gate"
    folder.mkdir()
    text = LEAST + (
        '[store]\npath = "gate.db"\n[control]\nsocket = "run/c.sock"\n[sensor]\nport = "tty"\n'
    )
    (folder / "s.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    found = load_settings(Path("gate/s.toml"))
    assert found.store.path == str(folder / "gate.db")
    assert found.control.socket == str(folder / "run/c.sock")
    assert found.sensor.port == str(folder / "tty")


def test_a_port_of_another_kind_is_no_path(tmp_path: Path) -> None:
    found = load(tmp_path, LEAST + '[sensor]\nport = "socket://10.0.0.5:4000"\n')
    assert found.sensor.port == "socket://10.0.0.5:4000"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('["usb-A-event-kbd"]', '["/dev/input/by-id/usb-A-event-kbd"]'),
        ('"usb-A-event-kbd"', '["/dev/input/by-id/usb-A-event-kbd"]'),
        ('"/dev/input/by-id/usb-A-event-kbd"', '["/dev/input/by-id/usb-A-event-kbd"]'),
        ('["input/a"]', None),
        ('""', None),
    ],
)
def test_how_a_reader_is_named_is_told_whole(
    tmp_path: Path, written: str, meant: str | None
) -> None:
    [found] = problems(tmp_path, f"{LEAST}[reader]\ndevices = {written}\n")
    assert "use a list of whole paths, such as" in found
    assert found.partition("; did you mean devices = ")[2].rstrip("?") == (meant or "")


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = (
        "[gate]\n"
        'id = "Main Gate"\ntimezone = "Asia/Hanoi"\n'
        "[sensor]\nbuad = 9600\nbaud = 9601\ncaptures = 0\n"
        '[panel]\ngreen = 28\nred = "off"\n'
        '[punch]\ndirection = "inn"\nrepeat_window_s = "60"\n'
        "[mqtt]\nport = 0\nroot = 'a/#'\n"
        "[sensr]\n"
    )
    found = problems(tmp_path, text)
    assert [": ".join(problem.split(": ")[:2]) for problem in found] == [
        "line 2: [gate] id",
        "line 3: [gate] timezone",
        "line 5: [sensor] buad",
        "line 6: [sensor] baud",
        "line 7: [sensor] captures",
        "line 9: [panel] green",
        "line 10: [panel] red",
        "line 12: [punch] direction",
        "line 13: [punch] repeat_window_s",
        "line 15: [mqtt] port",
        "line 16: [mqtt] root",
        "line 17: [sensr]",
    ]
    assert (
        "line 2: [gate] id: 'Main Gate' cannot be used: use 1 to 32 of a-z, 0-9 and '-'." in found
    )
    assert "line 5: [sensor] buad: there is no such key; did you mean 'baud'?" in found
    assert "line 17: [sensr]: there is no such section; did you mean 'sensor'?" in found
    assert (
        "line 12: [punch] direction: 'inn' cannot be used: use one of 'none', 'in', 'out', "
        "'alternate', 'keys'."
    ) in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "[gate] id: this is missing; use 1 to 32 of a-z, 0-9 and '-'"),
        ('gate = "main-gate"', "[gate]: this is a section"),
        ('[[gate]]\nid = "a"', "[gate]: this is a section"),
        ("[gate", "line 1, column 5: the bracket ] is missing: [gate]."),
        (LEAST + LEAST, "line 3: [gate] stands here again, first in line 1"),
        (b"[gate]\nid = '\xff'", "It is not UTF-8 text"),
        (
            LEAST + "[sensor]\ncaptures = true",
            "true cannot be used: use a whole number from 1 to 5",
        ),
        (LEAST + "[sensor]\ncaptures = 3.5", "3.5 cannot be used: use a whole number from 1 to 5"),
        (LEAST + "[sensor]\nport = ''", "[sensor] port"),
        (LEAST + "timezone = '../../etc/passwd'", "no IANA time zone"),
        (LEAST + "timezone = 'Asia'", "no IANA time zone"),
        (LEAST + "timezone = 'a\\u0000'".replace("'", '"'), "[gate] timezone"),
        ('[gate]\nid = "a/b"', "[gate] id"),
        ('[gate]\nid = "+"', "[gate] id"),
        ('[gate]\nid = "main-gate\\n"', "[gate] id"),
        ('[gate]\nid = "' + "a" * 33 + '"', "[gate] id"),
        (LEAST + '[mqtt]\nroot = "a\\n"', "[mqtt] root"),
        (LEAST + '[mqtt]\nroot = "a\\u0000b"', "[mqtt] root"),
        (LEAST + '[mqtt]\nroot = "/a"', "[mqtt] root"),
        (LEAST + '[mqtt]\nroot = "$SYS"', "[mqtt] root"),
        (LEAST + '[store]\npath = "a\\u0000b"', "[store] path"),
        (LEAST + '[control]\nsocket = "a\\u0000b"', "[control] socket"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert any(said in problem for problem in problems(tmp_path, text))


def test_a_socket_path_has_a_limit(tmp_path: Path) -> None:
    def with_socket(length: int) -> str:
        return LEAST + f'[control]\nsocket = "/{"x" * (length - 1)}"\n'

    assert len(load(tmp_path, with_socket(107)).control.socket) == 107
    (problem,) = problems(tmp_path, with_socket(108))
    assert "longer than a socket's path may be" in problem


def test_a_folder_that_is_no_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"gate-\xff")
    folder.mkdir()
    found = load(folder, LEAST + '[control]\nsocket = "c.sock"\n')
    assert os.fsencode(found.control.socket) == os.fsencode(folder) + b"/c.sock"


def test_a_file_saved_by_a_windows_editor(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode()
    assert load(tmp_path, text).gate.id == "main-gate"


def test_a_missing_file_is_told_how_to_name_another(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="no such file: name another with --config"):
        load_settings(tmp_path / "none.toml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="cannot be read: Is a directory"):
        load_settings(tmp_path)


def test_a_file_that_this_user_may_not_read(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.touch(0)
    user = os.geteuid()
    os.seteuid(user or 65534)  # Root may read everything.
    try:
        with pytest.raises(BadSettings, match=r"cannot be read: user .* may not (enter|read) /"):
            load_settings(path)
    finally:
        os.seteuid(user)


SECTIONS = structs.fields(Settings)
KEYS = sorted({key.name for section in SECTIONS for key in structs.fields(section.type)})
_NUMBERS = st.integers() | st.integers(-(10**6000), 10**6000).map(hex)
_VALUES: st.SearchStrategy[object] = st.recursive(
    _NUMBERS
    | st.sampled_from(["true", "nan", "-inf", "1e400", "3.0", "1979-05-27", "07:32:00"])
    | st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="'")).map(
        "'{}'".format
    )
    | st.sampled_from(['"\\u0000"', '""', '"none"', '"../x"', "'''\n'''"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(map(str, parts))}]"),
    max_leaves=4,
)
_SECTION_NAMES = st.sampled_from([section.name for section in SECTIONS]) | st.sampled_from(
    ["sensr", "'\t'", '"\\u001b[31m"', "[gate", "gate.id", "''"]
)
_LINES = st.tuples(
    _SECTION_NAMES, st.dictionaries(st.sampled_from([*KEYS, "x", "''"]), _VALUES, max_size=4)
).map(lambda part: f"[{part[0]}]\n" + "".join(f"{k} = {v}\n" for k, v in part[1].items()))


@given(st.lists(_LINES, max_size=4, unique_by=lambda text: text.split("\n")[0]).map("".join))
@example("a = " + "[" * 5000)
@example("a = " + "{a=" * 5000)
@example("[gate]\nid = " + "1" * 5000)
@example("[gate]\nid = 0x" + "f" * 5000)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_is_ever_answered_with_anything_but_bad_settings(tmp_path: Path, text: str) -> None:
    for whole in (text, LEAST + text):
        try:
            found = load(tmp_path, whole)
        except BadSettings:
            continue
        assert isinstance(found, Settings)


@given(st.binary())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_either(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadSettings):
        load(tmp_path, data)


def test_a_deep_stack_is_left_as_it_was(tmp_path: Path) -> None:
    limit = sys.getrecursionlimit()
    problems(tmp_path, "a = " + "[" * 5000)
    assert sys.getrecursionlimit() == limit


CONTRADICTIONS = {
    "a certificate alone": ('host = "h"\ncert_file = "c"', "cert_file: a certificate and its key"),
    "a key alone": ('host = "h"\nkey_file = "k"', "key_file: a certificate and its key"),
    "a CA for nothing": ('ca_file = "ca"', "ca_file: it is used with TLS only, and there is none"),
    "a password of nobody": ('password_file = "p"', "password_file: a password needs a user name"),
    "the password itself": (
        'password = "x"',
        "there is no such key; did you mean 'password_file'?",
    ),
    "a port that is none": ("port = 0", 'use a number from 1 to 65535, or "auto"'),
}


@pytest.mark.parametrize(("lines", "words"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_way_to_the_broker_that_contradicts_itself(
    tmp_path: Path, lines: str, words: str
) -> None:
    [problem] = problems(tmp_path, f"{LEAST}[mqtt]\n{lines}\n")
    assert words in problem


def test_files_for_the_broker_stand_beside_the_settings(tmp_path: Path) -> None:
    lines = 'host = "h"\nca_file = "ca.pem"\nusername = "main-gate"\npassword_file = "/p"'
    mqtt = load(tmp_path, f"{LEAST}[mqtt]\n{lines}\n").mqtt
    assert (mqtt.ca_file, mqtt.password_file) == (str(tmp_path / "ca.pem"), "/p")
    assert (mqtt.cert_file, mqtt.key_file) == ("", "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[panel]\npins = "mock"\n[sensor]\ntouch_pin = 17',
            "[sensor] touch_pin: pin 17 is that of [panel] green",
        ),
        (
            "[sensor]\ntouch_pin = 4\npower_pin = 4",
            "[sensor] power_pin: pin 4 is that of [sensor] touch_pin",
        ),
        (
            '[panel]\npins = "gpio"\nred = 17',
            "[panel] red: pin 17 is that of [panel] green",
        ),
        ("[sensor]\ntouch_pin = 17", None),  # There are no lamps.
    ],
)
def test_a_pin_is_wired_to_one_thing(tmp_path: Path, text: str, problem: str | None) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(f'[gate]\nid = "a"\n{text}\n')
    if problem is None:
        assert load_settings(file).sensor.touch_pin == 17
        return
    with pytest.raises(BadSettings) as caught:
        load_settings(file)
    assert re.sub(r"^line \d+: ", "", caught.value.problems[0]) == f"{problem} already."
    assert len(caught.value.problems) == 1
