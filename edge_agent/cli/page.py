"""A page of paper: HTML that stands alone, and is the same in any browser's print."""

from collections.abc import Iterable
from html import escape

from ..contract.errors import BadRequest

_STYLE = """
@page { size: A4; margin: 15mm 20mm;
  @bottom-right { content: counter(page) "/" counter(pages); font: 8.5pt sans-serif; } }
body { font: 11pt/1.4 "Be Vietnam Pro", "Noto Sans", "DejaVu Sans", Arial, sans-serif;
  color: #000; background: #fff; margin: 0 auto; max-width: 170mm; }
h1 { font-size: 17pt; line-height: 1.25; margin: 0 0 4mm; }
h2 { font-size: 12pt; margin: 4.5mm 0 1.5mm; break-after: avoid; }
p { margin: 0 0 2.4mm; orphans: 3; widows: 3; }
table { border-collapse: collapse; width: 100%; margin: 1mm 0 3mm; }
th, td { border: 0.3mm solid #777; padding: 1.2mm 2mm; text-align: left; vertical-align: top; }
th { background: #eee; }
thead { break-after: avoid; }
tr:first-child { break-after: avoid; }
.fixed { table-layout: fixed; }
.fixed td { overflow-wrap: anywhere; }
.fixed td:last-child { font-size: 9pt; }
table { break-inside: avoid; }
table.fixed { break-inside: auto; }
tr, .signed { break-inside: avoid; }
.field { border-bottom: 0.3mm solid #000; display: inline-block; min-width: 70mm; height: 1.2em; }
.small { margin-top: 4mm; }
.signed { display: flex; gap: 12mm; margin-top: 2mm; }
.signed div { flex: 1; border-top: 0.3mm solid #000; padding-top: 1mm; margin-top: 18mm; }
.small { font-size: 8.5pt; color: #333; overflow-wrap: anywhere; }
.qr { width: 34mm; float: right; margin: 0 0 3mm 5mm; }
.qr svg { width: 100%; height: auto; display: block; }
"""


def page(title: str, language: str, parts: Iterable[str]) -> str:
    """A whole page, of parts that are HTML already."""
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def heading(text: str, level: int = 1) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph; ``kind`` is one of the style's classes."""
    marked = f' class="{kind}"' if kind else ""
    return f"<p{marked}>{escape(text)}</p>"


def led(text: str) -> str:
    """A paragraph whose first sentence says what it is about, where there is another one."""
    lead, stop, rest = text.partition(". ")
    return f"<p><b>{escape(lead + stop)}</b>{escape(rest)}</p>" if rest else paragraph(text)


def field(label: str, value: str = "") -> str:
    """Something that is filled in, or to be filled in by hand."""
    filled = f"<b>{escape(value)}</b>" if value else '<span class="field"></span>'
    return f"<p>{escape(label)}: {filled}</p>"


def signatures(*labels: str) -> str:
    """Room for people to sign, one beside the other."""
    return '<div class="signed">' + "".join(f"<div>{escape(x)}</div>" for x in labels) + "</div>"


def qr(text: str) -> str:
    """A QR code of some text. Raises BadRequest where what draws it is not installed."""
    try:
        import segno
    except ImportError as error:
        raise BadRequest("credential.no-segno") from error
    drawn = segno.make_qr(text, error="m").svg_inline(border=2, omitsize=True)
    return f'<div class="qr">{drawn}</div>'
