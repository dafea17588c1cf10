"""A settings file that is no TOML: each bad line is told in plain words, and the rest is judged."""

from pathlib import Path

import pytest

from edge_agent.gate.errors import BadSettings
from edge_agent.gate.settings.load import load_settings

GATE = '[gate]\nid = "a"\n'

ONE_LINE: dict[str, tuple[str, ...]] = {
    "curly quotes": (
        "[gate]\nid = “a”",
        'line 2, column 6: “ is no straight quote: write id = "a".',
    ),
    "single curly quotes": (
        "[gate]\nid = ‘a’",
        "line 2, column 6: ‘ is no straight quote: write id = 'a'.",
    ),
    "a key twice": (
        GATE + 'id = "b"',
        "line 3: [gate] id stands here again, first in line 2: keep one of the two.",
    ),
    "a section twice": (
        GATE + "[log]\n[gate]",
        "line 4: [gate] stands here again, first in line 1: put the keys of both under one.",
    ),
    "a section twice, once with dots": (
        'gate.id = "a"\n[gate]',
        "line 2: [gate] stands here again, first in line 1: put the keys of both under one.",
    ),
    "a quote that is missing": (
        '[gate]\nid = "a',
        'line 2, column 6: the closing quote " is missing: write id = "a".',
    ),
    "two kinds of quotes": (
        "[gate]\nid = 'a\"",
        "line 2, column 6: the closing quote ' is missing: write id = 'a'.",
    ),
    "no quotes": (
        "[gate]\nid = a-b  # ours",
        'line 2, column 6: text stands in quotes: write id = "a-b".',
    ),
    "an address without quotes": (
        GATE + "[mqtt]\nhost = 10.0.0.1 # ours",
        'line 4, column 8: text stands in quotes: write host = "10.0.0.1".',
    ),
    "a number and what it is": (
        GATE + "[mqtt]\nport = 18843 cổng broker",
        "line 4, column 8: nothing but a comment may follow a value: "
        "write port = 18843  # cổng broker.",
    ),
    "a key of two words": (
        GATE + "[panel]\ngreen lamp = 17",
        "line 4, column 1: a key is one word of the letters a to z, digits, _ and -.",
    ),
    "a list over several lines": (
        GATE + '[mqtt]\nhost = [\n"a",\n"b" ]\nport = 1883,',
        "line 7, column 8: nothing but a comment may follow a value: write port = 1883.",
        "line 4: [mqtt] host: ['a', 'b'] cannot be used: use a name or an address.",
    ),
    "a colon": (
        '[gate]\nid: "a"',
        'line 2, column 3: a key has = before its value: write id = "a".',
    ),
    "no equals sign": (
        '[gate]\n id "a"',
        "line 2, column 2: this is no line of the kind key = value.",
    ),
    "no value": ("[gate]\nid = # later", "line 2, column 6: the value is missing."),
    "a bracket that is missing": (
        '[gate\nid = "a"',
        "line 1, column 5: the bracket ] is missing: [gate].",
    ),
    "a key beside its section": (
        '[gate] id = "a"',
        "line 1, column 15: nothing but a comment may follow [gate]: a key stands on its own line.",
    ),
    "a comma at the end": (
        '[gate]\nid = "a",',
        'line 2, column 6: nothing but a comment may follow a value: write id = "a".',
    ),
    "a capital": (
        GATE + "[home_assistant]\ndiscovery = True",
        "line 4, column 13: true and false stand in small letters: write discovery = true.",
    ),
    "a zero in front": (
        GATE + "[panel]\ngreen = 017",
        "line 4, column 9: a number does not begin with 0: write green = 17.",
    ),
    "a unit": (
        GATE + "[punch]\nrepeat_window_s = 60s",
        "line 4, column 19: a number has no unit: write repeat_window_s = 60.",
    ),
    "a path of Windows": (
        GATE + '[store]\npath = "C:\\data\\gate.db"',
        "line 4, column 8: in double quotes \\ has a meaning of its own: write "
        "path = 'C:\\data\\gate.db'.",
    ),
    "a blank that is none": (
        '[gate]\n\u00a0id = "a"',
        "line 2, column 1: there is a character that nobody sees (U+00A0): delete it.",
    ),
    "a mark before a section": (
        '\ufeff\ufeff[gate]\nid = "a"',
        "line 1, column 1: there is a character that nobody sees (U+FEFF): delete it.",
    ),
    "a zero byte in a comment": (
        GATE + "# c\0",
        "line 3, column 4: there is a character that nobody sees (U+0000): delete it.",
    ),
}


def problems(folder: Path, content: str | bytes) -> list[str]:
    file = folder / "gate.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadSettings) as caught:
        load_settings(file)
    return caught.value.problems


@pytest.mark.parametrize("case", ONE_LINE.values(), ids=ONE_LINE.keys())
def test_the_bad_line_is_told_and_nothing_that_follows_from_it(
    tmp_path: Path, case: tuple[str, ...]
) -> None:
    text, *said = case
    assert problems(tmp_path, text) == said


def test_every_line_is_told_and_what_it_meant_is_judged(tmp_path: Path) -> None:
    text = "[gate]\nid = “Main Gate”\n[sensor\ncaptures = 9\nbaud = 57600,\n[panel]\ngreen = x"
    assert problems(tmp_path, text) == [
        'line 2, column 6: “ is no straight quote: write id = "Main Gate".',
        "line 3, column 7: the bracket ] is missing: [sensor].",
        "line 5, column 8: nothing but a comment may follow a value: write baud = 57600.",
        'line 7, column 9: text stands in quotes: write green = "x".',
        "line 2: [gate] id: 'Main Gate' cannot be used: use 1 to 32 of a-z, 0-9 and '-'.",
        "line 4: [sensor] captures: 9 cannot be used: use a whole number from 1 to 5, without "
        "quotes.",
        "line 7: [panel] green: 'x' cannot be used: use a BCM number from 0 to 27, or \"none\".",
    ]


def test_what_may_be_a_password_is_not_shown(tmp_path: Path) -> None:
    told = problems(tmp_path, GATE + '[mqtt]\npassword = "geheim')
    assert "geheim" not in " ".join(told)
    assert told[0] == ('line 4, column 12: the closing quote " is missing: write password = "…".')


def test_a_tab_before_a_line_and_a_mark_before_the_file_are_right(tmp_path: Path) -> None:
    file = tmp_path / "gate.toml"
    file.write_bytes(b'\xef\xbb\xbf\t[gate]\r\n\tid = "a"\r\n')
    assert load_settings(file).gate.id == "a"


NO_TEXT = {
    "UTF-16 with its mark": (GATE.encode("utf-16"), "It is saved as UTF-16"),
    "UTF-16 without": (GATE.encode("utf-16-le"), "It is saved as UTF-16"),
    "UTF-16, the other way round": (GATE.encode("utf-16-be"), "It is saved as UTF-16"),
    "ANSI": (
        (GATE + '[mqtt]\nusername = "Hòa"').encode("cp1252"),
        "It is not UTF-8 text: line 4, column 14 has the byte 0xf2, as files saved as ANSI",
    ),
    "zero bytes": (bytes(4096), "It holds nothing but zero bytes, as after a power cut"),
}


@pytest.mark.parametrize(("content", "said"), NO_TEXT.values(), ids=NO_TEXT.keys())
def test_a_file_that_is_no_utf_8(tmp_path: Path, content: bytes, said: str) -> None:
    [problem] = problems(tmp_path, content)
    assert problem.startswith(said)
