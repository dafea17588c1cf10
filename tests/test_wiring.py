"""The wiring drawings: the pins are the right ones, and each can be read.

That the files are what ``tests.made`` makes of the settings' defaults is in ``test_made``.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from gpiozero import PiBoardInfo

from edge_agent.contract.language import LANGUAGES
from edge_agent.gate.settings.schema import PanelSettings

from .browser import Browser
from .made import ROOT
from .made.drawing import HEIGHT, SMALLEST, WIDTH
from .made.wiring import (
    BOARDS,
    DRAWINGS,
    DRAWN,
    EXAMPLES,
    GPIO,
    LAMPS,
    RX,
    SENSORS,
    TX,
    bcm,
    label_of,
    pin_of,
)

PAGES = {language: ROOT / "docs" / part for language, part in (("en", ""), ("vi", "vi"))}
REVISIONS = {
    "pi-zero-2-w": (0x902120,),
    "pi-3b": (0xA02082, 0xA020D3),
    "pi-4b": (0xC03111,),
    "pi-5": (0xC04170,),
}

SVG = "{http://www.w3.org/2000/svg}"

in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def page(name: str, language: str) -> str:
    return (PAGES[language] / "technician" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BOARDS)
def test_the_header_is_that_of_the_board(name: str) -> None:
    """gpiozero has its table from elsewhere."""
    for revision in REVISIONS[name]:
        header = PiBoardInfo.from_revision(revision).headers["J8"].pins
        assert len(header) == 40
        for number, pin in header.items():
            drawn = label_of(number, "en").replace("3.3 V", "3V3").replace("5 V", "5V")
            assert drawn == pin.name or drawn in pin.names, number


def test_no_two_things_share_a_pin() -> None:
    keys = (*LAMPS, "buzzer", *EXAMPLES)
    pins = [bcm(key) for key in keys] + [RX, TX, GPIO[3], GPIO[5]]
    assert len({*pins}) == len(pins)
    for key, pin in EXAMPLES.items():
        assert getattr(PanelSettings(), key, "none") == "none", f"{key} = {pin} is no example"


@in_each_language
def test_the_pages_name_the_same_pins(language: str) -> None:
    wire = page("wire.md", language)
    for key in (*LAMPS, "buzzer"):
        row = next(line for line in wire.splitlines() if line.startswith(f"| `{key}`"))
        assert [int(cell) for cell in row.split("|")[2:4]] == [bcm(key), pin_of(bcm(key))]
    for key in ("touch_pin", "tamper_pin"):
        assert f"{key} = {bcm(key)}`" in wire
    for board in BOARDS.values():
        assert board.port in wire
        assert all(line in wire for line in board.config)


@in_each_language
@pytest.mark.parametrize("name", ["r307", "as608", "r503"])
def test_the_plug_is_that_of_the_page(language: str, name: str) -> None:
    rows = [
        line.strip("|").split("|")
        for line in page("wire.md", language).splitlines()
        if line.startswith("|")
    ]
    title = next(row for row in rows if "Raspberry Pi" in row[0])
    column = next(place for place, cell in enumerate(title) if name in cell.lower())
    table = {}
    for row in rows[rows.index(title) + 2 :]:
        if not re.search("pin|chân", row[0]):
            break
        if found := re.match(r" (\d) · `", row[column]):
            named = re.findall(r"\d+", row[0].split(",")[0])
            table[int(found[1])] = {int(pin) for pin in named} or {pin_of(EXAMPLES["touch_pin"])}
    drawn = {place: plug.pin for place, plug in enumerate(SENSORS[name].plug, start=1) if plug.pin}
    assert drawn.keys() == table.keys()
    for place, pin in drawn.items():
        assert pin in table[place], place


@in_each_language
def test_each_drawing_is_on_the_page(language: str) -> None:
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page("drawings.md", language))
    folder = PAGES[language] / "technician"
    found = [str((folder / link).resolve().relative_to(ROOT)) for link in shown]
    assert found == [path for path in DRAWN if path.endswith(f".{language}.svg")]


def test_what_a_gate_costs_is_the_sum_in_both_languages() -> None:
    needed = {}
    for language in LANGUAGES:
        listed = page("parts.md", language).split("\n## ")[1]
        needed[language] = re.findall(r"\| (\d) \| (\d+)–(\d+) \|", listed)
        least, most = (
            sum(
                int(number) * int(price)
                for number, *prices in needed[language]
                for price in [prices[end]]
            )
            for end in (0, 1)
        )
        assert re.search(rf"{least} (to|đến) {most} ", listed)
    assert needed["en"] == needed["vi"]


@pytest.mark.parametrize("path", DRAWN)
def test_it_has_letters_that_every_font_has_and_a_good_size(path: str) -> None:
    for text in letters(DRAWN[path]()):
        assert float(text.attrib["font-size"]) >= SMALLEST
        for char in text.text or "":
            plain = unicodedata.normalize("NFD", char)[0]
            assert plain.isascii() or plain in "đĐ·−→Ω²…", (char, text.text)


Box = tuple[float, float, float, float]


@pytest.mark.slow
def test_nothing_is_written_over_anything() -> None:
    with Browser(WIDTH, HEIGHT) as browser:
        browser.go("about:blank")
        faults = {path: [*collisions(browser, DRAWN[path]())] for path in DRAWN}
    assert {path: told for path, told in faults.items() if told} == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    "planted",
    [
        '<text x="30" y="40" font-size="12">over the title</text>',
        '<text x="820" y="300" font-size="12">over the edge</text>',
        '<path d="M20,30 L300,30" stroke-width="2"/>',
    ],
)
def test_what_is_written_over_something_is_found(planted: str) -> None:
    drawn = str(DRAWINGS["lamps"]("vi")).replace("</svg>", planted + "</svg>")
    with Browser(WIDTH, HEIGHT) as browser:
        browser.go("about:blank")
        assert [*collisions(browser, drawn)]


def letters(drawn: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(drawn).findall(f"{SVG}text")


def collisions(browser: Browser, drawn: str) -> Iterator[str]:
    """What lies over what, by what Chromium says of the size of letters."""
    browser.run(f"document.body.innerHTML = {drawn!r}; 0")
    boxes: list[list[float]] = browser.run(
        "[...document.querySelectorAll('text')].map(e => { const b = e.getBBox();"
        " return [b.x, b.y, b.x + b.width, b.y + b.height]; })"
    )
    texts = [text.text or "" for text in letters(drawn)]
    # A line of letters is higher than what is in it.
    inked = [(a + 1, b + (d - b) * 0.2, c - 1, d - (d - b) * 0.2) for a, b, c, d in boxes]
    for text, (left, top, right, bottom) in zip(texts, inked, strict=True):
        if left < 4 or top < 4 or right > WIDTH - 4 or bottom > HEIGHT - 4:
            yield f"{text!r} is over the edge"
    for one, other in combinations(range(len(texts)), 2):
        if overlap(inked[one], inked[other]):
            yield f"{texts[one]!r} lies over {texts[other]!r}"
    elements = list(ElementTree.fromstring(drawn))
    places = [place for place, element in enumerate(elements) if element.tag == f"{SVG}text"]
    for place, box, text in zip(places, inked, texts, strict=True):
        if any(crossed(element, box) for element in uncovered(elements, place, box)):
            yield f"{text!r} is crossed by a line"


def uncovered(
    elements: list[ElementTree.Element], place: int, box: Box
) -> Iterator[ElementTree.Element]:
    """The lines that show beneath or over the text at ``place``: what is drawn after the last white
    box that has it whole."""
    first = 0
    for number, element in enumerate(elements[:place]):
        if element.tag == f"{SVG}rect" and element.get("fill") != "none":
            if "%" in element.attrib["width"]:
                continue
            x, y, width, height = (float(element.attrib[key]) for key in RECTANGLE)
            if x <= box[0] and y <= box[1] and x + width >= box[2] and y + height >= box[3]:
                first = number
    yield from elements[first:]


RECTANGLE = ("x", "y", "width", "height")


def crossed(element: ElementTree.Element, box: Box) -> bool:
    if element.tag != f"{SVG}path" or "A" in element.attrib["d"]:
        return False
    if element.get("stroke") == "white":
        return False
    points = [
        (float(x), float(y)) for x, y in re.findall(r"([-\d.]+),([-\d.]+)", element.attrib["d"])
    ]
    return any(meets(start, end, box) for start, end in pairwise(points))


def meets(start: tuple[float, float], end: tuple[float, float], box: Box) -> bool:
    """Whether a stroke passes through a box, seen at a hundred points."""
    for step in range(101):
        share = step / 100
        x = start[0] + (end[0] - start[0]) * share
        y = start[1] + (end[1] - start[1]) * share
        if box[0] < x < box[2] and box[1] < y < box[3]:
            return True
    return False


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
