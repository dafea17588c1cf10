"""Help in the language of whoever asks: what click is given is the name of a message."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from gettext import gettext
from importlib import import_module
from io import StringIO
from typing import IO, TYPE_CHECKING, Any

import click

from ..contract.errors import BadRequest
from ..contract.language import Message, is_name, say
from .layout import Context, in_words, ranges_in_words
from .tell import folded_command, legible, tell, width

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Function = Callable[..., Any]

_NAME = re.compile(r"help\.[a-z0-9-]+")


class Command(click.Command):
    """A command whose help, and that of its options, is looked up once it is read."""

    context_class = Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Where something is missing, show how it is typed. Raises BadRequest for what is no text:
        a path may be of any bytes, and nothing else is stored or sent.
        """
        typed = list(args)  # click takes them away one by one.
        ctx.meta.setdefault(_TYPED, typed)
        ctx.meta[_BEHIND] = typed
        with self._quotes_shown(ctx):
            rest = self._parsed(ctx, args, typed)
        if not all(map(_is_text, ctx.params.values())):
            raise BadRequest("control.no-text")
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """What a command refuses of an option may as well be the first of several words."""
        with self._quotes_shown(ctx):
            return super().invoke(ctx)

    @contextmanager
    def _quotes_shown(self, ctx: click.Context) -> Iterator[None]:
        """Have a line that is refused name the words that want quotes, where some stand there."""
        try:
            yield
        except click.UsageError as error:
            line = None if isinstance(self, click.Group) else self._in_quotes(ctx, error)
            if line is None:
                raise
            told = say("usage.quotes", problem=error.message.rstrip("."), line=line)
            if not isinstance(error, click.BadParameter):
                raise click.UsageError(told, error.ctx) from None
            raise click.BadParameter(told, error.ctx, error.param, error.param_hint) from None

    def _in_quotes(self, ctx: click.Context, error: click.UsageError) -> str | None:
        if type(error) not in (click.UsageError, click.BadParameter):
            return None
        from .unquoted import in_quotes  # Only for whoever has mistyped one.

        only = error.param_hint if isinstance(error, click.BadParameter) else None
        return in_quotes(self, ctx.meta[_BEHIND], only if isinstance(only, str) else None)

    def _parsed(self, ctx: click.Context, args: list[str], typed: list[str]) -> list[str]:
        try:
            with _files_named(self.params):
                return super().parse_args(ctx, args)
        except click.NoSuchOption as none:
            if (meant := self._option_for(ctx, none.option_name)) is None:
                raise
            told = say("command.meant", wanted=none.option_name, line=meant)
            raise _Meant(told, ctx) from None
        except click.MissingParameter as missing:
            if missing.param is None:
                raise
            raise missing_with_example(ctx, missing.param) from None
        except click.BadParameter as bad:
            if bad.param is not None:
                hint = in_words(bad.param.get_error_hint(ctx))
                told = ranges_in_words(bad.message)
                raise click.BadParameter(told, ctx, bad.param, hint) from None
            raise
        except click.UsageError as error:
            if type(error) is click.UsageError and (line := self._with_option(ctx, typed)):
                told = say("command.meant", wanted=line[1], line=line[0])
                raise _Meant(told, ctx) from None
            raise

    def _option_for(self, ctx: click.Context, wanted: str) -> str | None:
        """What is meant by one that this command has not, by the table of near misses: an option,
        or how the whole is typed, where it is an argument."""
        name = f"meant.{wanted}"
        for meant in say(name).split(", ") if is_name(name) else ():
            for one in self.params:
                if meant in one.opts:
                    return meant
                if isinstance(one, click.Argument) and one.name == meant.lower():
                    return f"edge-agent {path_of(ctx)} {in_words(meant)}"
        return None

    def _with_option(self, ctx: click.Context, typed: list[str]) -> tuple[str, str] | None:
        """How something is typed that stands alone where it is an option's, or another command's,
        and what that is."""
        path = path_of(ctx)
        if option := self._option_for(ctx, "stands-alone"):
            line = f"edge-agent {path} {option}"
        elif is_name(name := f"meant.{path.replace(' ', '-')}-one"):
            line = say(name)
        else:
            return None
        _, extra, _ = self.make_parser(ctx).parse_args(list(typed))
        if len(extra) != 1:
            return None
        if self._in_quotes(ctx, click.UsageError("")):  # It is rather one of an option's words.
            return None
        from shlex import quote  # Only for whoever has mistyped one.

        return f"{line} {quote(extra[0])}", extra[0]

    def get_help(self, ctx: click.Context) -> str:
        with self.spoken(ctx):
            return legible(super().get_help(ctx), sys.stdout)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """As click does, with the words of the options."""
        with self.spoken(ctx):
            return super().shell_complete(ctx, incomplete)

    @contextmanager
    def spoken(self, ctx: click.Context) -> Iterator[None]:
        """Have the words of the command and its options in the place of their names."""
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        with ExitStack() as spoken:
            spoken.enter_context(_spoken(self))
            for option in options:
                spoken.enter_context(_spoken(option))
            yield

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Say who may, where not everybody may, and how it is typed, where there is an example."""
        super().format_epilog(ctx, formatter)
        path = path_of(ctx)
        if not isinstance(self, click.Group):
            self._write_who_may(path, formatter)
        if lines := examples_of(path):
            with formatter.section(say("usage.examples")):
                for line in lines:
                    first = " " * formatter.current_indent
                    told = folded_command(first + line, f"{first}  ", width())
                    formatter.write(f"{told}\n")

    def _write_who_may(self, path: str, formatter: click.HelpFormatter) -> None:
        # Only here: the list of commands does without the gate.
        from ..gate.roles import MAY, in_order

        if roles := MAY.get(path):
            told = [Message(f"role.{role}") for role in in_order(roles)]
            formatter.write_paragraph()
            formatter.write_text(say("role.who-may", roles=told))

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        said = {
            "[OPTIONS]": "usage.options",
            "COMMAND [ARGS]...": "usage.command",
            "[COMMAND] [ARGS]...": "usage.command-or-none",
        }
        return [
            say(said[piece]) if piece in said else in_words(piece)
            for piece in super().collect_usage_pieces(ctx)
        ]

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence, however long: the list of commands folds it."""
        with _spoken(self):
            return first_sentence(self.help or "")


class Group(Command, click.Group):
    """The same for commands of commands; what is made of it is such a command as well."""

    command_class = Command
    group_class = type

    def __init__(
        self, *arguments: Any, elsewhere: Mapping[str, str] | None = None, **attributes: Any
    ) -> None:
        """``elsewhere``: command → the module of this package that has it, which is imported only
        when the command is asked for: an import is processor time that a Pi Zero pays eightfold.
        """
        super().__init__(*arguments, **attributes)
        self.elsewhere = elsewhere or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.elsewhere})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if (module := self.elsewhere.get(name)) is None:
            return super().get_command(ctx, name)
        found = vars(import_module(f".{module}", __package__)).values()
        return next(one for one in found if isinstance(one, click.Command) and one.name == name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Where another word is usual for a command, name that command; and of a word that several
        groups have, which of them has it for what."""
        if self.get_command(ctx, args[0]) is None:
            from .elsewhere import told, usual

            if meant := usual(path_of(ctx), args[0]):
                raise click.UsageError(told(args[0], meant), ctx)
        return super().resolve_command(ctx, args)


class _Meant(click.UsageError):
    """What is wrong with a line, with how it is typed."""


class Mistyped(click.UsageError):
    """What click says of a line that is wrong, in lines that the terminal has room for."""

    def __init__(self, error: click.UsageError) -> None:
        super().__init__(error.message, error.ctx)
        self._error = error

    def show(self, file: IO[Any] | None = None) -> None:
        said = StringIO()
        self._error.show(said)
        tell(said.getvalue().removesuffix("\n"), err=True)


def missing_with_example(ctx: click.Context, param: click.Parameter) -> click.MissingParameter:
    """What to raise where it was left out: how the command is typed, where there is an example;
    where it is an option, what was typed, and the options of the example that it lacks."""
    lines = examples_of(path_of(ctx))
    hint = in_words(param.get_error_hint(ctx))
    line = lines[0] if lines else None
    if line is not None and (lacking := _lacking(ctx, param, line)):
        line = line_with(ctx, *lacking)
    return click.MissingParameter(
        None if line is None else say("usage.example", line=line), ctx, param, hint
    )


def _lacking(ctx: click.Context, param: click.Parameter, example: str) -> list[str]:
    """The required options that were not typed, as an example has them; none where it has not
    ``param``, or that is an argument."""
    from shlex import split

    words = split(example)
    lacking = list[str]()
    for one in ctx.command.params:
        wanted = isinstance(one, click.Option) and (one.required or one is param)
        told = [place for place, word in enumerate(words) if wanted and word in one.opts]
        if told and (one is param or not _is_typed(ctx, one)):
            lacking += words[told[0] : told[0] + 2]
        elif one is param:
            return []
    return lacking


def _is_typed(ctx: click.Context, option: click.Parameter) -> bool:
    typed = (word.partition("=")[0] for word in ctx.meta[_BEHIND])
    return option.value_from_envvar(ctx) is not None or not set(option.opts).isdisjoint(typed)


def command(help: str, **attributes: Any) -> Callable[[Function], Command]:
    """click.command for a command that belongs to no group of its file."""
    return click.command(cls=Command, help=help, **attributes)


def group(help: str, **attributes: Any) -> Callable[[Function], Group]:
    """click.group for a group that belongs to none of its file."""
    return click.group(cls=Group, help=help, **attributes)


def _is_text(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_text, value))
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    return True


def path_of(ctx: click.Context) -> str:
    """The command as it is typed, without the program's own name: ``workers add``."""
    words: list[str] = []
    while ctx.parent is not None:
        words.insert(0, ctx.info_name or "")
        ctx = ctx.parent
    return " ".join(words)


_TYPED = f"{__name__}.typed"
"""What was typed behind the program's own name, among what contexts know: the first to be parsed
has all of it."""

_BEHIND = f"{__name__}.behind"
"""The same behind the last command."""


def retype(ctx: click.Context, option: str, value: str) -> None:
    """Have the lines below give an option's value otherwise than it was typed: ``yesterday`` is
    another day where such a line is typed after midnight."""
    typed = ctx.meta[_TYPED]
    for place, word in enumerate(typed):
        if word == option:
            typed[place + 1] = value
        elif word.startswith(f"{option}="):
            typed[place] = f"{option}={value}"


def _line(words: Iterable[str]) -> str:
    from shlex import join  # Only for whoever is told it.

    return f"edge-agent {join(words)}"


def line_with(ctx: click.Context, *option: str) -> str:
    """The whole command as it was typed, and an option."""
    typed = list(ctx.meta[_TYPED])
    end = typed.index("--") if "--" in typed else len(typed)
    return _line([*typed[:end], *option, *typed[end:]])


def line_as(ctx: click.Context, typed: str, meant: str) -> str:
    """The same, with ``meant`` in the place of what was ``typed``."""
    words = list[str]()
    for word in ctx.meta[_TYPED]:
        name, is_one, value = word.partition("=")
        if word.strip() == typed:
            words.append(meant)
        elif is_one and value.strip() == typed:
            words.append(f"{name}={meant}")
        else:
            words.append(word)
    return _line(words)


def line_given(ctx: click.Context, value: str, option: str) -> str:
    """The same, with a value that another option was given as that of this one."""
    typed = list(ctx.meta[_TYPED])
    for place, word in enumerate(typed):
        if word == value and typed[place - 1].startswith("-"):
            typed[place - 1] = option
        elif word.startswith("-") and word.endswith(value):
            typed[place] = f"{option}={value}"
    return _line(typed)


def line_without(ctx: click.Context, flag: str) -> str:
    """The same, without a flag that was typed."""
    return _line(word for word in ctx.meta[_TYPED] if word != flag)


def first_sentence(text: str) -> str:
    """What stands in a list of commands."""
    return text.partition("\n")[0].partition(". ")[0].removesuffix(".") + "."


def examples_of(path: str) -> list[str]:
    """Command lines that show a command, by its path: ``workers add``."""
    name = f"example.{path.replace(' ', '-')}"
    return say(name).splitlines() if is_name(name) else []


@contextmanager
def _files_named(params: Iterable[click.Parameter]) -> Iterator[None]:
    """Have *file* and *path* in the language: click names them before one is chosen."""
    before = [(one.type, one.type.name) for one in params if isinstance(one.type, click.Path)]
    for kind, _ in before:
        kind.name = gettext("path" if kind.dir_okay else "file")
    try:
        yield
    finally:
        for kind, name in before:
            kind.name = name


@contextmanager
def _spoken(one: click.Command | click.Option) -> Iterator[None]:
    stated = one.help
    if stated is not None and _NAME.fullmatch(stated):
        one.help = say(stated)
    try:
        yield
    finally:
        one.help = stated
