"""The pages as a site: every link leads somewhere, nothing is fetched, the card is one sheet."""

import base64
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .browser import Browser

pytest.importorskip("sphinx", reason="Sphinx is not installed (pip install -e '.[docs]')")

ROOT = Path(__file__).parents[1]


def build(tree: Path, site: Path) -> "subprocess.CompletedProcess[str]":
    """As ``make site`` does: what Sphinx warns of is an error."""
    warnings = ("-E", "-q", "-W", "--keep-going")
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *warnings, "-c", tree / "config/site", tree, site],
        capture_output=True,
        text=True,
        check=False,
    )


def copied(folder: Path) -> Path:
    """The pages, to be changed, and all that they lead to."""
    folder.mkdir()
    for source in ROOT.iterdir():
        if source.name in ("docs", "config", "hw_tests"):
            shutil.copytree(source, folder / source.name)
        elif source.suffix == ".md":
            shutil.copy(source, folder)
        elif not source.name.startswith(".") and source.name not in ("dist", "build"):
            (folder / source.name).symlink_to(source)
    return folder


@pytest.mark.long
def test_the_pages_are_a_site(tmp_path: Path) -> None:
    site = tmp_path / "site"
    done = build(copied(tmp_path / "pages"), site)
    assert (done.returncode, done.stderr) == (0, "")

    pages = [page.read_text() for page in site.rglob("*.html")]
    assert len(pages) > 50
    for tag in re.findall(r"<(?:script|link|img)\b[^>]*>", "".join(pages)):
        assert not re.search(r'(?:src|href)="(?:https?:)?//', tag), "it would be fetched"

    [leads_to] = re.findall(r"url=([^\"]+)", (site / "index.html").read_text())
    assert (site / leads_to).is_file()
    for language, word in (("en", "Usage"), ("vi", "Cách dùng")):
        commands = (site / f"dist/pages/commands.{language}.html").read_text()
        assert word in commands
        assert "edge-agent workers import" in commands

    with Browser() as browser:
        browser.go(f"file://{site}/docs/vi/technician/quick-card.html")
        card = base64.b64decode(browser.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert len(re.findall(rb"/Type\s*/Page[^s]", card)) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("docs/words.md", "\n[gone](gone.md)\n"),
        ("docs/words.md", "\n[gone](cli.md#no-such-heading)\n"),
        ("docs/nobody-lists-it.md", "# A page\n"),
    ],
    ids=["a page", "a heading", "not listed"],
)
def test_what_leads_nowhere_is_found(tmp_path: Path, page: str, text: str) -> None:
    tree = copied(tmp_path / "pages")
    with (tree / page).open("a") as changed:
        changed.write(text)
    done = build(tree, tmp_path / "site")
    assert done.returncode != 0
    assert Path(page).name in done.stderr
