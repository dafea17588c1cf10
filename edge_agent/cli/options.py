"""Options that several commands share."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ..contract.broker.access import BrokerAccess
from ..contract.errors import BadRequest
from ..contract.language import Message, say
from ..contract.rights import READ, as_user, block_on, may
from ..gate.errors import BadSettings
from ..gate.settings.load import load_settings
from ..gate.settings.schema import Settings
from .complete import Keyword
from .help import line_with, path_of
from .language import DEFAULT_CONFIG
from .layout import in_words
from .tell import confirm, somebody_types, tell
from .which_gate import settings_file

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]


class FilePath(click.Path):
    """A file that is typed. Where this user may not read it, that is said with what mends it; and
    what is empty, as a script's variable may be, would be the folder that one is in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail(say("file.empty"), param, ctx)
        if not self.dir_okay and os.path.isdir(value):
            self.fail(say("file.is-folder", path=value, folder=str(value).rstrip("/")), param, ctx)
        try:
            return _shortened(Path(os.fsdecode(super().convert(value, param, ctx))))
        except click.BadParameter:
            block = block_on(Path(value), READ)
            if block is None or block.stat is None or may(block.path, block.mode):
                raise
            told = say(block.mended_by(as_user("root")))
            raise click.BadParameter(told, ctx, param) from None


def _shortened(path: Path) -> Path:
    """The same file by a path without ``..``, which is what people are shown; as it was typed where
    that would be another one, behind a link."""
    if ".." not in path.parts:
        return path
    short = Path(os.path.abspath(path))
    return short if os.path.realpath(short) == os.path.realpath(path) else path


def refuse_role_first(ctx: click.Context | None) -> None:
    """Raise NotPermitted where this user may not use the command at all: what would mend the line,
    or a file that it names, is of no use to them."""
    from ..gate.roles import MAY  # Only for whoever has mistyped a line.

    if ctx is not None and MAY.get(path := path_of(ctx)) is not None:
        with suppress(BadSettings):  # Whoever may use it is told then.
            _refuse_unless_permitted(load_settings(settings_file()), path)


config_option = click.option(
    "--config",
    type=FilePath(path_type=Path, readable=False),
    envvar="EDGE_AGENT_CONFIG",
    default=DEFAULT_CONFIG,
    show_default=True,
    show_envvar=True,
    help="help.settings-file",
)


def with_settings(command: Command) -> Command:
    """Give a command ``--config`` and hand it the settings as its first argument."""

    @config_option
    @wraps(command)
    def loaded(config: Path, **arguments: Any) -> Any:
        try:
            settings: Settings = load_settings(config)
        except BadSettings as bad:
            from ..gate.host.journal import on_the_journal  # It brings logging.

            if on_the_journal():
                raise _as_may_be_logged(bad) from None
            tell_goes_on(config)
            raise
        refuse_unless_permitted(settings)
        return command(settings, **arguments)

    return loaded


def tell_goes_on(config: Path) -> None:
    """Of settings that cannot be used: whether a gate goes on with those from before."""
    from ..gate.control.goes_on import goes_on  # Only for whoever has mistyped one.

    if (told := goes_on(config)) is not None:
        tell(say(told), err=True)


def refuse_unless_permitted(settings: Settings) -> None:
    """Raise NotPermitted where this user may not use the command, before anything is asked or
    done."""
    _refuse_unless_permitted(settings, path_of(click.get_current_context()))


def _refuse_unless_permitted(settings: Settings, path: str) -> None:
    """Hold the table where no daemon does; the files' own rights are the wall behind it."""
    from ..gate.host.who_may import WhoMay

    who_may = WhoMay.of_files(settings.roles.groups, Path(settings.store.path))
    who_may.refuse_unless(os.geteuid(), path)


def _as_may_be_logged(bad: BadSettings) -> BadSettings:
    """Where each problem is. What it is quotes the settings, and a journal is read by many."""
    return BadSettings(
        bad.path,
        [
            Message("settings.see-check", place=place[0])
            if (place := _PLACE.match(problem))
            else problem
            for problem in bad.problems
        ],
    )


_PLACE = re.compile(r"(?:line \d+: )?\[[\w.-]+\](?: [\w-]+)?|[Ll]ine \d+(?:, column \d+)?")


as_json = click.option("--json", "as_json", is_flag=True, help="help.json")


def writes_to(
    told: str, shown: str | None = None, *, required: bool = False, name: str = "output"
) -> Decorator:
    """Give a command ``--output``, the file that it makes, under ``name``.

    ``told`` is the message of its help, ``shown`` what stands for the file in its usage.
    """
    kind = FilePath(path_type=Path, dir_okay=False)
    return click.option("--output", name, type=kind, required=required, metavar=shown, help=told)


def page_option(*, required: bool = False) -> Decorator:
    """Give a command ``--output FILE.html``, a page to be printed."""
    return writes_to("help.page-output", "FILE.html", required=required, name="file")


yes_option = click.option("--yes", is_flag=True, help="help.yes")
"""For what ``ask_a_person`` asks."""


def ask_a_person(yes: bool, question: Callable[[], str]) -> None:
    """Ask before something goes for good, and end the command unless the answer is yes.

    Raises BadRequest where nobody sits at a terminal: what a pipe holds is no answer to a question
    that nobody has read.
    """
    if yes:
        return
    asked = question()
    if line := unasked("--yes"):
        # A field of a message is one line.
        raise BadRequest("command.asks-first", asked=asked.splitlines(), line=line)
    confirm(asked)


def unasked(*option: str) -> str | None:
    """The whole line to be typed, with the option that answers, where nobody sits at a terminal who
    could be asked. What came on stdin has to come again."""
    if somebody_types():
        return None
    context = click.get_current_context()
    read = "" if "-" not in map(str, context.params.values()) else f" < {in_words('FILE')}"
    return line_with(context, *option) + read


def way_to_broker(username: str) -> Decorator:
    """Give a command the options of a BrokerAccess, and the root of the topics.

    ``username`` is the message that tells whose name it is.
    """
    tls = Keyword(["auto", "on", "off"], lambda one: f"keyword.tls-{one}")
    options = (
        click.option("--tls", type=tls, help="help.broker-tls"),
        click.option("--ca-file", help="help.broker-ca"),
        click.option("--cert-file", help="help.broker-cert"),
        click.option("--key-file", help="help.broker-key"),
        click.option("--username", help=username),
        click.option("--password-file", help="help.broker-password-file"),
        click.option("--root", help="help.broker-root"),
    )

    def given(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return given


def refuse_problems(access: BrokerAccess) -> None:
    """Raise BadRequest, with each option by its name, where such a broker cannot be used."""
    if problems := access.problems():
        told = [
            Message("access.option", option=access.setting(key), what=what)
            for key, what in problems.items()
        ]
        raise BadRequest("access.bad-options", problems=told)
