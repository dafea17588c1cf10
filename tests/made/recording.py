"""What ``make run`` shows, as text: ``python -m tests.made.recording`` lets it run and keeps it,
in both languages.

An asciinema cast (version 2) is what was recorded; the picture in the README is made of it. Paths
are those of a checkout in /home/you. ``tests/test_demo.py`` holds its lines against the demo's.
"""

import json
import os
import pty
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from functools import partial
from html import escape

from edge_agent.contract.language import ENGLISH, VIETNAMESE

from . import ROOT

CASTS = {ENGLISH: "docs/pictures/demo.cast", VIETNAMESE: "docs/pictures/demo.vi.cast"}
COMMAND = 'make run ARGS="--punches 8"'

_HOME = "/home/you/edge-agent"
_COLUMNS = 106
_AFTERWARDS_S = 6.0
"""How long the whole stands before it begins anew."""

_LETTER, _LINE, _EDGE = 7.4, 18, 14
"""Pixels: of a letter's width, of a line's height, of the margin."""

Event = tuple[float, str]


def record(language: str) -> list[Event]:
    """Seconds after the beginning → what came at the terminal."""
    ours, theirs = pty.openpty()
    started = time.monotonic()
    with subprocess.Popen(
        ["make", "-s", "run", "ARGS=--punches 8"],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={
            **os.environ,
            "LANGUAGE": language,
            "TERM": "dumb",
            "COLUMNS": str(_COLUMNS),
            "TMPDIR": "/tmp",
        },
    ) as demo:
        os.close(theirs)
        events = []
        while True:
            try:
                came = os.read(ours, 4096).decode()
            except OSError:  # EIO: the other side has gone.
                break
            events.append((time.monotonic() - started, came))
        os.close(ours)
    assert demo.returncode == 0, events
    return [(0.0, f"$ {COMMAND}\r\n"), *((at, anywhere(text)) for at, text in events)]


def anywhere(text: str) -> str:
    """The same without this machine's paths."""
    text = re.sub(r"edge-agent-demo-\w+", "edge-agent-demo-j4j4nz91", text)
    return text.replace(str(ROOT), _HOME)


def cast_of(events: Sequence[Event]) -> str:
    """https://docs.asciinema.org/manual/asciicast/v2/"""
    head = {"version": 2, "width": _COLUMNS, "height": 30, "title": COMMAND}
    lines = [head, *([round(at, 3), "o", text] for at, text in events)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def recorded(language: str) -> list[Event]:
    """What is kept, line by line: when its end had come, and the line."""
    _, *kept = (ROOT / CASTS[language]).read_text(encoding="utf-8").splitlines()
    lines: list[Event] = []
    open_line = ""
    for at, _, text in map(json.loads, kept):
        *whole, open_line = (open_line + text.replace("\r", "")).split("\n")
        lines += [(at, line) for line in whole]
    return lines


def compared(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is the same at every run: the lines but for their times and paths, and whom payroll got.

    When payroll has what, and how many at a time, is another each time.
    """
    said, confirmed = [], []
    for line in lines:
        if found := re.search(r"(?:payroll has|phòng lương có) (.+)", line):
            confirmed += found[1].split(", ")
        else:
            said.append(re.sub(r"^\d\d:\d\d:\d\d", "00:00:00", _COMMAND.sub("  …", anywhere(line))))
    return said, confirmed


_COMMAND = re.compile(r"^  .* watch --config \S+$")
"""How the program calls itself depends on how it was called."""


def picture(language: str) -> str:
    """The last screen, on which each line comes at its time, again and again."""
    return "\n".join(_drawn(recorded(language))) + "\n"


def _drawn(lines: Sequence[Event]) -> Iterator[str]:
    width = 2 * _EDGE + _COLUMNS * _LETTER
    height = 2 * _EDGE + len(lines) * _LINE
    lasts = lines[-1][0] + _AFTERWARDS_S
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" font-family="DejaVu Sans Mono, Consolas, monospace" font-size="12">'
    )
    yield f"<title>{escape(COMMAND)}</title>"
    yield "<style>"
    for number, (at, _) in enumerate(lines):
        yield f"@keyframes l{number}{{0%,{100 * at / lasts:.2f}%{{opacity:0}}"
        yield f"{100 * at / lasts + 0.01:.2f}%,100%{{opacity:1}}}}"
        yield f".l{number}{{animation:l{number} {lasts:.1f}s linear infinite}}"
    yield "@media print,(prefers-reduced-motion:reduce){text{animation:none!important}}"
    yield "</style>"
    yield '<rect width="100%" height="100%" rx="8" fill="#1d2126"/>'
    for number, (_, line) in enumerate(lines):
        if line:
            yield (
                f'<text class="l{number}" x="{_EDGE}" y="{_EDGE + number * _LINE + 13}" '
                f'fill="{_colour(line)}" xml:space="preserve">{escape(line, quote=False)}</text>'
            )
    yield "</svg>"


def _colour(line: str) -> str:
    if line.endswith((" recorded", " đã chấm", " đã chấm rồi")):
        return "#7ddc8a"
    if any(words in line for words in _AMISS):
        return "#ffb37a"
    return "#e6e6e6"


_AMISS = ("not recognised", "không nhận ra", "broker has gone", "mất broker")

PICTURES = {
    cast.replace(".cast", ".svg"): partial(picture, language) for language, cast in CASTS.items()
}


if __name__ == "__main__":
    for language, cast in CASTS.items():
        (ROOT / cast).write_text(cast_of(record(language)), encoding="utf-8")
    for file, drawn in PICTURES.items():
        (ROOT / file).write_text(drawn(), encoding="utf-8")
