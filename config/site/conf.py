"""The pages as a site that needs no network: make site.

The pages are written to be read where they lie. Which chapter each belongs to stands in
docs/README.md, and only there; what the commands say of themselves becomes a page in each language.
"""

import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx

from edge_agent.contract.language import LANGUAGES

ROOT = Path(__file__).parents[2]

sys.path.insert(0, str(ROOT))
from tests.commands import leaves, speaking  # noqa: E402

project = "Edge Agent"
root_doc = "docs/README"
include_patterns = ["*.md", "docs/**.md", "hw_tests/README.md", "dist/pages/*.md"]
extensions = ["myst_parser"]
myst_heading_anchors = 4
suppress_warnings = ["misc.highlighting_failure"]  # What tests read has languages of its own.
html_theme = "furo"
html_title = "Edge Agent"
html_static_path = ["print.css"]
html_css_files = ["print.css"]
html_show_copyright = False
html_copy_source = False

DECISIONS = "docs/decisions/README"
PAGES = "dist/pages"
TITLES = {"en": "What each command says", "vi": "Mỗi lệnh nói gì"}

_TAB = re.compile(r"^\*\*(.+)\*\*$")
_NAMED = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)\)")
_FOLDER = re.compile(r"\[([^\]]+)\]\(([^)#\s:]+)/\)")


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", write_commands)
    app.connect("source-read", arrange)
    app.connect("build-finished", lead_in)


def write_commands(app: Sphinx) -> None:
    """A page in each language of what the commands say."""
    folder = ROOT / PAGES
    folder.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES:
        (folder / f"commands.{language}.md").write_text("\n".join(_commands(language)))


def arrange(app: Sphinx, page: str, source: list[str]) -> None:
    """Lead links to a folder to its first page, or nowhere; the first page gets its chapters."""
    here = posixpath.dirname(page)

    def led(link: re.Match[str]) -> str:
        readme = ROOT / here / link[2] / "README.md"
        return f"[{link[1]}]({link[2]}/README.md)" if readme.is_file() else link[1]

    if page == root_doc:
        source[0] += "\n".join(_chapters(source[0]))
    if page == DECISIONS:
        found = sorted((ROOT / here).glob("[0-9]*.md"))
        source[0] += "\n".join(_chapter("", [path.stem for path in found]))
    source[0] = _FOLDER.sub(led, source[0])


def lead_in(app: Sphinx, failed: Exception | None) -> None:
    """A first page where one looks for it."""
    if failed is None:
        (Path(app.outdir) / "index.html").write_text(
            f'<!doctype html><meta http-equiv="refresh" content="0; url={root_doc}.html">'
        )


def _chapters(index: str) -> Iterator[str]:
    """The table of contents: what is in Vietnamese, then what the first page lists."""
    yield from _chapter("Tiếng Việt", [*_vietnamese(), f"/{PAGES}/commands.vi"])
    seen = {*_vietnamese()}
    for title, pages in _listed(index).items():
        new = [page for page in dict.fromkeys(pages) if page not in seen]
        seen |= {*new}
        if title == "Look something up":
            new.append(f"/{PAGES}/commands.en")
        yield from _chapter(title, new)
    yield from _chapter("Beside them", ["/README", "/README.vi", "/CHANGELOG", "/SECURITY"])


def _vietnamese() -> list[str]:
    folder = "docs/vi/technician"
    listed = _NAMED.findall((ROOT / folder / "README.md").read_text())
    technician = [f"{folder}/{page}" for _, page in listed if "/" not in page]
    others = ["docs/clerk.vi.md", "docs/vi/privacy.md", "docs/vi/stolen.md"]
    first = ["docs/vi/worker.md", "docs/worker.md", "docs/vi/first-gate.md"]
    pages = [*first, f"{folder}/README.md", *technician, *others]
    return [f"/{page.removesuffix('.md')}" for page in dict.fromkeys(pages)]


def _listed(index: str) -> dict[str, list[str]]:
    """Chapter → its pages."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in index.splitlines():
        if chapter := _TAB.match(line):
            title = chapter[1]
        elif line.startswith("|"):
            for _, link in _NAMED.findall(line):
                path = posixpath.normpath(posixpath.join("docs", link))
                if (ROOT / path).is_dir():
                    path += "/README.md"
                if path.endswith(".md"):
                    found.setdefault(title, []).append(f"/{path.removesuffix('.md')}")
    return found


def _chapter(title: str, pages: list[str]) -> Iterator[str]:
    caption = f":caption: {title}\n" if title else ""
    yield f"\n\n```{{toctree}}\n:hidden:\n:maxdepth: 1\n{caption}"
    yield from pages
    yield "```\n"


def _commands(language: str) -> Iterator[str]:
    with speaking(language):
        yield f"# {TITLES[language]}"
        for ctx in leaves(terminal_width=90):
            yield f"\n## {ctx.command_path}\n\n```text\n{ctx.get_help()}\n```"
