"""``edge-agent privacy dossier``: what an assessment asks, from the real settings, as a page."""

from pathlib import Path

from msgspec import to_builtins

from .. import __version__
from ..contract.atomic_file import new_private_file
from ..contract.language import Message, current, say
from ..contract.stamps import local_date, local_time
from ..gate.papers.dossier import Chapter, dossier, numbers_of
from ..gate.settings.schema import Settings
from .help import command
from .options import as_json, page_option, with_settings
from .page import field
from .sections import Section, as_page
from .show import print_json
from .tell import tell

_OPEN = "▲"

_WIDTHS = (5, 55, 40)


@command(name="dossier", help="help.privacy-dossier")
@page_option(required=True)
@as_json
@with_settings
def dossier_(settings: Settings, file: Path, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    assembly = Assembly(settings)
    store = assembly.store_for_reading()
    now_ms = assembly.clock.stamp().wall_ms
    at = local_time(now_ms, assembly.zone)
    chapters = dossier(settings, numbers_of(store, local_date(now_ms, assembly.zone)))
    small = {"at": at, "version": __version__, "gate": store.gate, "ledger": store.ledger}
    page = as_page(
        Message("dossier.title", gate=store.gate),
        [
            Section(title=Message("dossier.what-it-is"), lines=(Message("dossier.about"),)),
            *map(_section, chapters),
        ],
        Message("dossier.small", **small),
        current(),
        before=[field(say(f"dossier.{what}")) for what in ("employer", "counsel", "day")],
    )
    with new_private_file(file) as out:
        out.write(page.encode())
    statements = [one for chapter in chapters for one in chapter.statements]
    if as_json:
        told = [
            {
                "chapter": chapter.name,
                "name": one.said.name,
                "text": str(one.said),
                "rests_on": to_builtins(one.rests_on),
                "open": one.open,
            }
            for chapter in chapters
            for one in chapter.statements
        ]
        print_json({"file": str(file), "made_at": at, "statements": told})
    else:
        tell(say("dossier.written", file=file, count=sum(one.open for one in statements)))


def _section(chapter: Chapter) -> Section:
    return Section(
        title=Message(f"dossier.{chapter.name}"),
        widths=_WIDTHS,
        head=("", Message("dossier.statement"), Message("dossier.rests-on")),
        rows=tuple(
            (_OPEN if one.open else "", one.said, "; ".join(one.rests_on))
            for one in chapter.statements
        ),
    )
