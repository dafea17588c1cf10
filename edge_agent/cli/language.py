"""In which language a command speaks: ``--lang``, ``[gate] language``, or the environment's."""

import gettext
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..contract import language

DEFAULT_CONFIG = "/etc/edge-agent/edge-agent.toml"
"""Where a gate keeps its settings."""

AT_NO_GATE = ("demo", "receive", "simulate")
"""Commands that have no settings file; they go by that of this machine's gate, if there is one."""

_FOR_A_CLERK = (
    *("settle", "correct", "close", "closings", "diff", "sheet", "leave", "site"),
    *("export", "coverage", "roster", "shifts", "carry", "stolen", "retention"),
)
"""Of ``receive``: these speak Vietnamese, unless another language is asked for; so does the list of
them, in which a clerk looks for one."""

_HELP = ("--help", "-h")


@contextmanager
def spoken(arguments: list[str]) -> Iterator[list[str]]:
    """Speak what was asked for; the arguments without it, wherever it stood.

    What cannot be spoken is left at the front, for click to refuse.
    """
    asked, rest = taken_out(arguments, "--lang")
    if asked is not None and asked not in language.LANGUAGES:
        rest = ["--lang", asked, *rest]
        asked = None
    elif asked is None and _is_for_a_clerk(rest):
        asked = language.VIETNAMESE
    elif asked is None:
        has_gate = rest[:1] and rest[0] not in AT_NO_GATE
        stated = taken_out(rest, "--config")[0] if has_gate else None
        asked = _stated_in(Path(stated or os.environ.get("EDGE_AGENT_CONFIG") or DEFAULT_CONFIG))
    language.use(asked)
    # For click, which has catalogues of its own, and for processes that a command starts.
    before = os.environ.get("LANGUAGE")
    if asked is not None:
        os.environ["LANGUAGE"] = asked
    gettext.bindtextdomain("click", language.CATALOGUES)
    gettext.textdomain("click")
    try:
        yield rest
    finally:
        if before is not None:
            os.environ["LANGUAGE"] = before
        elif asked is not None:
            del os.environ["LANGUAGE"]


def _is_for_a_clerk(arguments: list[str]) -> bool:
    if arguments[:1] != ["receive"]:
        return False
    listed = not set(arguments).isdisjoint(_HELP) and "key" not in arguments
    return listed or not set(arguments).isdisjoint(_FOR_A_CLERK)


def taken_out(arguments: list[str], option: str) -> tuple[str | None, list[str]]:
    """The value of an option before ``--``, and all but the option."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    for at, word in enumerate(arguments[:end]):
        if word.startswith(f"{option}="):
            return word.partition("=")[2], arguments[:at] + arguments[at + 1 :]
        if word == option:
            value = arguments[at + 1] if at + 1 < end else ""
            return value, arguments[:at] + arguments[at + 2 :]
    return None, arguments


def _stated_in(config: Path) -> str | None:
    """``[gate] language``, without loading what reads settings: --help needs it as well.

    None where it is left to the environment, or the file cannot be used, which is told later.
    """
    try:
        text = config.read_text(encoding="utf-8") if config.is_file() else ""
    except (OSError, ValueError):
        return None
    gate = re.search(r"^[ \t]*\[[ \t]*gate[ \t]*\](.*?)(?=^[ \t]*\[|\Z)", text, re.M | re.S)
    stated = gate and re.search(r"^[ \t]*language[ \t]*=[ \t]*[\"'](\w+)[\"']", gate[1], re.M)
    return stated[1] if stated and stated[1] in language.LANGUAGES else None
