"""What Tab completes beside commands and options: workers' codes, the names of fingers and ways.

A Tab is a process of its own, and somebody waits for it: the daemon is asked where one runs, for a
second at most, and whatever cannot be had is no error but no help.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.language import say

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_PATIENCE_S = 1.0

_MOST = 200
"""Codes that are worth showing."""


def code_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument CODE."""
    return click.argument("code", shell_complete=codes)(command)


def finger_option(*, required: bool) -> Callable[..., Any]:
    """Give a command the option ``--finger``."""

    def named(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
        return text if text is None else finger_named(text)

    return click.option(
        "--finger",
        required=required,
        metavar="FINGER",
        callback=named,
        shell_complete=fingers,
        help="help.finger",
    )


def finger_named(text: str) -> str:
    """The finger that somebody has called by its words, accents or not: ``ngón trỏ phải``.

    Whatever is no finger's name is for the gate to refuse.
    """
    from ..contract.language import LANGUAGES, Message, said
    from ..contract.people import FINGERS, alike

    if text in FINGERS:
        return text
    words = text.replace("-", " ")
    for finger in FINGERS:
        for language in LANGUAGES:
            called = said(Message(f"finger.{finger}"), language)
            if alike(words, called) or alike(words, called.removeprefix("ngón ")):
                return finger
    return text


class Keyword(click.Choice[str]):
    """Keywords, also by what people call them: by the words of either language, or by so many of
    the first ones that no other keyword begins so, accents or not (``--what "rút lại"``).

    ``called`` names the message that has a keyword's words, which the help shows; others for it
    stand in ``NAME-also``, with commas.
    """

    def __init__(
        self, keywords: Iterable[str], called: Callable[[str], str], otherwise: str | None = None
    ) -> None:
        """``otherwise``: the message for what is none of them, with ``text``."""
        super().__init__([*keywords])
        self.called = called
        self._otherwise = otherwise

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if (found := keyword_called(value, self.choices, self.called)) is not None:
            return found
        if self._otherwise is not None:
            raise click.BadParameter(say(self._otherwise, text=value), ctx, param)
        known = [f"{one} ({word})" if word != one else one for one, word in self._shown()]
        raise click.BadParameter(say("keyword.none-such", text=value, known=known), ctx, param)

    def _shown(self) -> list[tuple[str, str]]:
        """The keywords, each with its word in the language."""
        return [(one, say(self.called(one))) for one in self.choices]


def keyword_called(text: str, keywords: Iterable[str], called: Callable[[str], str]) -> str | None:
    """Which of the keywords somebody means (``Keyword``); None where that is not plain."""
    from ..contract.language import LANGUAGES, Message, is_name, said
    from ..contract.people import alike

    keywords = [*keywords]
    if text in keywords:
        return text
    words = {
        one: [
            word
            for name in (called(one), f"{called(one)}-also")
            if is_name(name)
            for language in LANGUAGES
            for word in said(Message(name), language).split(", ")
        ]
        for one in keywords
    }
    count = len(text.split())
    for many in (None, count):
        begun = [
            one
            for one, spoken in words.items()
            if count and any(alike(text, " ".join(each.split()[:many])) for each in spoken)
        ]
        if len(begun) == 1:
            return begun[0]
    return None


direction_option = click.option(
    "--direction",
    type=Keyword(["in", "out"], lambda one: f"direction.{one}", "punch.no-direction"),
    help="help.direction",
)

REASONS = (
    *("forgot-to-press", "no-power", "gate-down", "not-read", "wrong-worker", "wrong-time"),
    *("pressed-twice", "trial", "voided-wrongly"),
)
"""Why a supervisor adds or withdraws a punch: those that have words. Any other code will do."""

OF_VOIDS = ("wrong-worker", "wrong-time", "pressed-twice", "trial")
"""Those by which one is withdrawn; by the others it is added."""


_ALSO = {
    **{"quen cham": "forgot-to-press", "quen bam": "forgot-to-press"},
    **{"cup dien": "no-power", "may hong": "gate-down"},
    **{"sai nguoi": "wrong-worker", "sai gio": "wrong-time"},
    **{"nham ngay": "wrong-time", "sai ngay": "wrong-time"},
    **{"cham thua": "pressed-twice", "cham thu": "trial"},
}
"""Other words for the same reasons, without marks, as people and these pages have them."""


def reason_called(text: str) -> str | None:
    """The code of a reason by its words, or by others for it; None: it has none."""
    # Only here: what Tab completes does without.
    from ..contract.people import alike

    also = (code for words, code in _ALSO.items() if alike(text, words))
    return keyword_called(text, REASONS, lambda one: f"reason.{one}") or next(also, None)


def reason_option(told: str) -> Callable[..., Any]:
    """Give a command ``--reason``: a code, or the words for one."""

    def coded(ctx: click.Context, param: click.Parameter, text: str) -> str:
        return reason_called(text) or text

    return click.option(
        "--reason", required=True, callback=coded, shell_complete=reasons, help=told
    )


def reasons(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem | str]":
    """The codes of reasons, with their words in the language."""
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(code, help=say(f"reason.{code}"))
        for code in REASONS
        if code.startswith(incomplete)
    ]


def codes(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem | str]":
    """The codes of this gate's workers that begin so, whatever the case, with their names."""
    from click.shell_completion import CompletionItem

    from ..contract.errors import EdgeAgentError
    from ..gate.settings.load import load_settings
    from .carry_out import names_of

    try:
        settings = load_settings(Path(ctx.params["config"]))
    except EdgeAgentError:
        return []
    names = names_of(settings, _PATIENCE_S)
    begun = incomplete.casefold()
    meant = sorted(code for code in names if code.casefold().startswith(begun))
    return [CompletionItem(code, help=names[code]) for code in meant[:_MOST]]


def change_kinds(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem | str]":
    """What changes are of, and each kind of them."""
    from click.shell_completion import CompletionItem

    from ..contract.kinds import ACTS, subject_of

    named = {name: subject_of(name) for name in (*map(subject_of, sorted(ACTS)), *sorted(ACTS))}
    return [
        CompletionItem(name, help=say(f"audit.of-{subject}"))
        for name, subject in named.items()
        if name.startswith(incomplete.casefold())
    ]


def fingers(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem | str]":
    """The names of fingers, with their words in the language."""
    from click.shell_completion import CompletionItem

    from ..contract.people import FINGERS

    return [
        CompletionItem(finger, help=say("people.finger", finger=finger))
        for finger in FINGERS
        if finger.startswith(incomplete)
    ]
