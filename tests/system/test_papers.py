"""The papers of privacy as a browser prints them: on few pages, and nothing beyond their edge."""

import base64
import re
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.browser import Browser

from .gate import Gate

PAGES = {"slip": 1, "certificate": 1, "report": 2, "dossier": 4}
"""With Debian's widest fonts, and little that is held."""

BEYOND = """
[...document.body.querySelectorAll('*')]
  .filter(e => e.getBoundingClientRect().right > document.body.getBoundingClientRect().right + 1)
  .map(e => e.outerHTML.slice(0, 80))
"""


@pytest.fixture
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


def printed(browser: Browser) -> int:
    """How many pages."""
    made = browser.ask("Page.printToPDF", preferCSSPageSize=True)["data"]
    return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(made)))


def test_each_fits_its_paper_in_both_languages(gate: Gate, browser: Browser) -> None:
    gate.set(punch={"repeat_window_s": 0})
    signed = ("--text", "vi-1", "--signed", "2026-11-23", "--witness", "NV002")
    assert gate.cli("consent", "record", "NV001", *signed).code == 0
    gate.start()
    with closing(gate.watch()) as watch:
        for _ in range(3):
            gate.press("NV001")
            watch.panel()
    assert gate.cli("privacy", "request", "NV001", "--what", "erase").code == 0
    made = {}
    for language in ("vi", "en"):
        made[language] = {
            "slip": ("consent", "print", "NV001", "--text", f"{language}-1"),
            "report": ("privacy", "report", "NV001"),
            "dossier": ("privacy", "dossier"),
        }
    for language, papers in made.items():
        for paper, command in papers.items():
            output = ("--output", f"{paper}-{language}.html", "--lang", language)
            assert gate.cli(*command, *output).code == 0
    assert gate.cli("workers", "leave", "NV001", "--yes").code == 0
    for language in made:
        output = ("--output", f"certificate-{language}.html", "--lang", language)
        assert gate.cli("privacy", "certificate", "NV001", *output).code == 0
    browser.size(643, 909)  # A sheet of A4 without its margins.
    for language in made:
        for paper, most in PAGES.items():
            browser.go((gate.folder / f"{paper}-{language}.html").as_uri())
            assert browser.run(BEYOND) == [], (paper, language)
            assert printed(browser) <= most, (paper, language)
