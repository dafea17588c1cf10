"""A sheet of A5 on its side, and what is drawn on it: the header of a Pi, wires, parts.

Black on white only, for copies: wires are told apart by where they lead and by what stands at both
ends. One that crosses another goes over it, with a gap in the one below.
"""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Literal

WIDTH, HEIGHT = 840, 592
"""Four units are a millimetre on A5."""

LETTERS = "DejaVu Sans, Verdana, Arial, sans-serif"
SMALLEST = 10
"""Of letters: 2.5 mm on A5, 3.5 mm on A4."""

Kind = Literal["supply", "ground", "signal"]
Point = tuple[float, float]

_STROKES: dict[Kind, str] = {
    "supply": 'stroke-width="3.4"',
    "ground": 'stroke-width="2" stroke-dasharray="9 4"',
    "signal": 'stroke-width="2"',
}

_WIDE_LETTER = 0.59
"""Of the letters' size: what a letter takes, on the average and on the safe side."""
_WIDE_CAPITAL = 0.72

_ODD_X, _EVEN_X, _TOP, _PITCH = 118, 148, 92, 23
_FIRST_LANE, _LANE = 252, 15


class Sheet:
    """What has been drawn. Coordinates in units, from the upper left corner."""

    def __init__(self, title: str) -> None:
        self._drawn = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="{LETTERS}" fill="none" stroke="black" stroke-linejoin="round">',
            f"<title>{escape(title)}</title>",
            '<rect width="100%" height="100%" fill="white" stroke="none"/>',
        ]
        self.text((24, 38), title, 22, bold=True)
        self.line([(24, 50), (WIDTH - 24, 50)])

    def __str__(self) -> str:
        return "\n".join([*self._drawn, "</svg>", ""])

    def text(
        self,
        at: Point,
        text: str,
        size: int = 12,
        *,
        anchor: Literal["start", "middle", "end"] = "start",
        bold: bool = False,
        white: bool = False,
        typed: bool = False,
    ) -> None:
        """One line on its base line. ``typed``: as it is typed into a file."""
        x, y = at
        style = f' text-anchor="{anchor}"' if anchor != "start" else ""
        style += ' font-weight="bold"' if bold else ""
        style += ' font-family="DejaVu Sans Mono, monospace" xml:space="preserve"' if typed else ""
        fill = "white" if white else "black"
        self._drawn.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}" stroke="none"{style}>'
            f"{escape(text, quote=False)}</text>"
        )

    def over(self, at: Point, text: str, size: int = 11) -> None:
        """A line of letters on a wire, which is left out beneath; ``at`` is the left middle."""
        x, y = at
        width = len(text) * size * _WIDE_CAPITAL + 6
        self.box((x, y - 7), (width, 14), line=0)
        self.text((x + 2, y + 4), text, size)

    def paragraphs(self, at: Point, width: float, texts: Sequence[str], size: int = 12) -> float:
        """Each begins with a dot and is broken into lines; returns where the next would begin."""
        x, y = at
        for text in texts:
            self.dot((x + 3, y - 4), 2.2)
            for line in broken(text, width - 14, size):
                self.text((x + 14, y), line, size)
                y += size + 4
            y += 3
        return y

    def typed(self, at: Point, lines: Sequence[str], size: int = 11) -> float:
        """A box of lines for the settings, or for a file of the Pi's; returns its lower edge."""
        x, y = at
        width = max(len(line) for line in lines) * size * 0.61 + 16
        height = len(lines) * (size + 4) + 8
        self.box((x, y), (width, height), line=1)
        for number, line in enumerate(lines, start=1):
            self.text((x + 8, y + number * (size + 4)), line, size, typed=True)
        return y + height

    def line(self, points: Sequence[Point], width: float = 1) -> None:
        """Strokes from point to point."""
        self._drawn.append(f'<path d="{_path(points)}" stroke-width="{width:g}"/>')

    def wire(self, points: Sequence[Point], kind: Kind) -> None:
        """The same for a wire, over all that was drawn before."""
        # What it meets at its ends is not cut: only what lies beneath on the way.
        under = [_towards(points[0], points[1]), *points[1:-1], _towards(points[-1], points[-2])]
        self._drawn.append(f'<path d="{_path(under)}" stroke="white" stroke-width="8"/>')
        self._drawn.append(f'<path d="{_path(points)}" {_STROKES[kind]}/>')

    def rounds(self, at: Point) -> None:
        """The lines of a finger, 64 units wide and 58 high, around their middle."""
        x, y = at
        for radius in (8, 16, 24, 32):
            self._drawn.append(
                f'<path d="M{x - radius:g},{y + 29:g} V{y:g} A{radius},{radius} 0 0 1 '
                f'{x + radius:g},{y:g} V{y + 29:g}" stroke-width="1.2"/>'
            )

    def box(
        self, at: Point, size: Point, *, line: float = 1.5, round_: int = 0, dark: bool = False
    ) -> None:
        """A rectangle by its upper left corner, filled."""
        stroke = f'stroke-width="{line:g}"' if line else 'stroke="none"'
        rounded = f' rx="{round_}"' if round_ else ""
        self._drawn.append(
            f'<rect x="{at[0]:g}" y="{at[1]:g}" width="{size[0]:g}" height="{size[1]:g}"{rounded} '
            f'fill="{"black" if dark else "white"}" {stroke}/>'
        )

    def dot(self, at: Point, radius: float = 3.5, *, hollow: bool = False) -> None:
        """A joint of wires, or with ``hollow`` a round part."""
        fill = "white" if hollow else "black"
        self._drawn.append(
            f'<circle cx="{at[0]:g}" cy="{at[1]:g}" r="{radius:g}" fill="{fill}" '
            'stroke-width="1.5"/>'
        )

    # Parts. What they return are the points to which wires lead.

    def resistor(self, at: Point, value: str, *, upright: bool = False) -> None:
        """Around its middle, with its value in it or, upright, beside it."""
        x, y = at
        if upright:
            self.box((x - 8, y - 19), (16, 38), line=1.8)
            self.text((x + 14, y + 4), value, 11)
        else:
            self.box((x - 27, y - 9), (54, 18), line=1.8)
            self.text((x, y + 4), value, 11, anchor="middle")

    def led(self, at: Point) -> None:
        """From plus on the left to minus on the right, 28 units wide."""
        x, y = at
        self.box((x - 14, y - 10), (28, 20), line=0)
        self._drawn.append(
            f'<path d="M{x - 12:g},{y - 11:g} L{x - 12:g},{y + 11:g} L{x + 10:g},{y:g} Z" '
            f'fill="white" stroke-width="2"/>'
        )
        self.line([(x - 14, y), (x - 12, y)], 2)
        self.line([(x + 10, y - 11), (x + 10, y + 11)], 2.5)
        for aside in (0, 9):
            self.line([(x - 4 + aside, y - 14), (x + 4 + aside, y - 24)], 1.3)
            self.line(
                [(x - 1 + aside, y - 23), (x + 4 + aside, y - 24), (x + 4 + aside, y - 19)], 1.3
            )

    def diode(self, at: Point) -> None:
        """Upright, with its ring (minus) up, 30 units high."""
        x, y = at
        self._drawn.append(
            f'<path d="M{x - 9:g},{y + 9:g} L{x + 9:g},{y + 9:g} L{x:g},{y - 8:g} Z" fill="white" '
            f'stroke-width="2"/>'
        )
        self.line([(x - 10, y - 9), (x + 10, y - 9)], 2.5)
        self.line([(x, y - 9), (x, y - 15)], 2)
        self.line([(x, y + 9), (x, y + 15)], 2)

    def npn(self, at: Point, label: str) -> tuple[Point, Point, Point]:
        """Base, collector and emitter of a transistor around a point."""
        x, y = at
        self.dot(at, 22, hollow=True)
        self.line([(x - 8, y - 13), (x - 8, y + 13)], 3)
        self.line([(x - 22, y), (x - 8, y)], 2)
        self.line([(x - 8, y - 6), (x + 9, y - 17), (x + 9, y - 26)], 2)
        self.line([(x - 8, y + 6), (x + 9, y + 17), (x + 9, y + 26)], 2)
        self.line([(x - 2, y + 15), (x + 6, y + 15), (x + 2, y + 7)], 1.6)
        self.text((x - 27, y - 6), "B", 11, anchor="end")
        self.text((x + 15, y - 22), "C", 11)
        self.text((x + 15, y + 30), "E", 11)
        self.text((x + 29, y + 4), label, 11)
        return (x - 22, y), (x + 9, y - 26), (x + 9, y + 26)

    def switch(self, at: Point, *, closed: bool) -> None:
        """60 units wide, around its middle."""
        x, y = at
        self.box((x - 22, y - 12), (44, 18), line=0)
        self.line([(x - 30, y), (x - 20, y)], 2)
        self.line([(x + 20, y), (x + 30, y)], 2)
        self.line([(x - 18, y), (x + (19 if closed else 16), y - (3 if closed else 15))], 2.2)
        self.dot((x - 20, y))
        self.dot((x + 20, y))

    def lamp(self, at: Point) -> None:
        """A round lamp, 40 units wide."""
        x, y = at
        self.dot(at, 20, hollow=True)
        self.line([(x - 14, y - 14), (x + 14, y + 14)], 1.8)
        self.line([(x - 14, y + 14), (x + 14, y - 14)], 1.8)

    # The header.

    def header(
        self, wires: Sequence[tuple[int, Point, Kind]], used: dict[int, str], words: Sequence[str]
    ) -> None:
        """All 40 pins as they lie when the board's edge is on the right, with a wire to each point.

        ``used``: pin → its label; ``words``: what stands above, and the lines below.
        """
        above, *below = words
        self.text((_ODD_X + 15, _TOP - 20), above, 11, anchor="middle", bold=True)
        self.box((_ODD_X - 14, _TOP - 13), (58, 19 * _PITCH + 26), line=1.2, round_=4)
        self._lead(wires)
        for pin in range(1, 41):
            x, y = place(pin)
            if pin == 1:
                self.box((x - 9.5, y - 9.5), (19, 19), dark=pin in used)
            elif pin in used:
                self.dot((x, y), 9.5)
            else:
                self.dot((x, y), 9.5, hollow=True)
            self.text(
                (x, y + 4), str(pin), SMALLEST, anchor="middle", bold=pin in used, white=pin in used
            )
            if pin in used and pin % 2:
                self.text((_ODD_X - 20, y + 4), used[pin], 11, anchor="end")
            elif pin in used:
                self.over((_EVEN_X + 22, y), used[pin])
        for number, line in enumerate(below):
            self.text((24, _TOP + 19 * _PITCH + 30 + 14 * number), line, SMALLEST)

    def _lead(self, wires: Sequence[tuple[int, Point, Kind]]) -> None:
        """From each pin to its point, every one in a lane of its own.

        Of those that go down the uppermost turns last, of those that go up the lowest: so they
        cross only where they have to.
        """
        down = sorted((one for one in wires if one[1][1] > _leaves(one[0])), key=_from)
        up = sorted((one for one in wires if one not in down), key=_from, reverse=True)
        lanes = {}
        for group, first in ((down, _FIRST_LANE), (up, _FIRST_LANE + _LANE * len(down))):
            for number, one in enumerate(reversed(group)):
                lanes[one[0]] = first + _LANE * number
        for pin, (x, y), kind in wires:
            left, level = place(pin)[0], _leaves(pin)
            start = [(left + 7, place(pin)[1] + 7), (left + 11.5, level)]
            if pin % 2 == 0:
                start = [(left + 9.5, level)]
            self.wire([*start, (lanes[pin], level), (lanes[pin], y), (x, y)], kind)


def place(pin: int) -> Point:
    """Of a pin's middle."""
    return (_ODD_X if pin % 2 else _EVEN_X), _TOP + (pin - 1) // 2 * _PITCH


def _leaves(pin: int) -> float:
    """The level at which its wire leaves: of the inner row's between two pins of the outer."""
    return place(pin)[1] + (_PITCH / 2 if pin % 2 else 0)


def _from(wire: tuple[int, Point, Kind]) -> float:
    return _leaves(wire[0])


def broken(text: str, width: float, size: int) -> list[str]:
    """The text in lines no wider than that, broken at blanks."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and len(longer) * size * _WIDE_LETTER > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _towards(end: Point, inner: Point) -> Point:
    """A little inwards from an end."""
    (x, y), (to_x, to_y) = end, inner
    length = max(((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5, 0.001)
    share = min(7, length / 2) / length
    return x + (to_x - x) * share, y + (to_y - y) * share


def _path(points: Sequence[Point]) -> str:
    """Without what would turn back at once: a lane may lie where the wire begins."""
    kept = [points[0], *(after for before, after in pairwise(points) if after != before)]
    return "M" + " L".join(f"{x:g},{y:g}" for x, y in kept)
