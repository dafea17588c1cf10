"""``edge-agent credentials``: cards, PINs and QR codes, for whom a finger does not do."""

import sys
import time
from pathlib import Path
from shlex import join
from typing import Any, get_args

import click

from ..contract.atomic_file import new_private_file, refuse_existing
from ..contract.errors import BadRequest
from ..contract.language import say
from ..gate.credentials import checked_pin
from ..gate.host.service import restarting
from ..gate.people.requests import (
    AddCredential,
    AllowCredentials,
    AskCard,
    AwaitCard,
    CredentialKind,
    MakeQr,
    RemoveCredential,
)
from ..gate.settings.schema import Settings
from .carry_out import at_the_gate, carry_out, names_of, whom
from .complete import code_argument
from .help import Command as HelpedCommand
from .help import group, line_with, path_of
from .options import Command, as_json, ask_a_person, with_settings, writes_to, yes_option
from .retired import refuse_retired
from .show import print_json, print_table, who
from .tell import somebody_types, tell
from .worker_words import ask_if_left, refuse_beforehand, tell_back

_LOOK_EVERY_S = 0.3


def _one_kind(command: Command) -> Command:
    for flag, told in (("qr", "help.qr"), ("pin", "help.pin"), ("card", "help.card")):
        command = click.option(f"--{flag}", "kind", flag_value=flag, help=told)(command)
    return command


@group(help="help.credentials")
def credentials() -> None:
    """By what else somebody may punch."""


class _Add(HelpedCommand):
    """A number or a PIN on the line could be read by everybody: that is said where one stands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        typed = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if type(error) in (click.UsageError, click.BadOptionUsage):
                self._refuse_number(ctx, typed)
            raise

    def _refuse_number(self, ctx: click.Context, typed: list[str]) -> None:
        """Raise UsageError with the line as it is typed, where one word is too many."""
        kinds = [f"--{kind}" for kind in get_args(CredentialKind)]
        kept = [name if (name := one.partition("=")[0]) in kinds else one for one in typed]
        _, extra, _ = self.make_parser(ctx).parse_args(list(kept))
        if len(extra) + (kept != typed) != 1:
            return
        line = ["edge-agent", *path_of(ctx).split(), *(one for one in kept if one not in extra)]
        if "--pin" in kept:
            told = say("credential.no-pin-on-the-line", line=join(line))
        else:
            line += [] if "--stdin" in kept else ["--stdin"]
            told = say("credential.no-number-on-the-line", line=join(line))
        raise click.UsageError(told, ctx)


@credentials.command(cls=_Add, help="help.credentials-add")
@code_argument
@_one_kind
@click.option("--stdin", "typed", is_flag=True, help="help.credentials-stdin")
@yes_option
@as_json
@with_settings
def add(
    settings: Settings,
    code: str,
    kind: CredentialKind | None,
    typed: bool,
    yes: bool,
    as_json: bool,
) -> None:
    if kind is None:
        raise _which_kind()
    if kind != "pin" and not typed and not settings.reader.devices:
        raise BadRequest("credential.no-reader", code=code, kind=kind)
    _refuse_beforehand(settings, code, kind)
    ask_if_left(settings, code, yes)
    if kind == "pin" or typed:
        secret = _asked(settings, code, kind)
        result = carry_out(settings, AddCredential(code=code, method=kind, secret=secret))
    else:
        result = _held_to_a_reader(settings, AwaitCard(code=code, method=kind))
    if as_json:
        print_json(result)
        return
    whose = who(result["worker"], names_of(settings))
    told = "credential.replaced" if result["replaced"] else "credential.added"
    tell(say(told, kind=kind, whose=whose))
    _tell_if_no_reader(settings, kind)
    tell_back(result, whose)


def _which_kind() -> BadRequest:
    return BadRequest(
        "credential.which-kind", line=line_with(click.get_current_context(), "--card")
    )


def _tell_if_no_reader(settings: Settings, kind: CredentialKind) -> None:
    """It is written down all the same, and nobody can punch by it here."""
    if not settings.reader.devices:
        tell(say("credential.no-reader-yet", kind=kind, restart=restarting()))


def _refuse_beforehand(settings: Settings, code: str, kind: CredentialKind) -> None:
    """What would be refused, before anything is asked or told."""
    # Only here: others give none.
    from ..contract.facts import Method
    from ..gate.people.refusals import refuse_new_credential

    refuse_beforehand(
        settings, code, lambda store, code: refuse_new_credential(store, code, Method(kind))
    )


def _asked(settings: Settings, code: str, kind: CredentialKind) -> str:
    """A secret, never shown and never an argument, which others could read."""
    if not somebody_types():
        return sys.stdin.readline(1000).strip()
    refuse_retired(settings)
    if kind != "pin":
        return _hidden("credential.ask-card")
    tell(say("credential.pin-rules"), err=True)
    while True:
        secret = _hidden("credential.ask-pin")
        try:
            checked_pin(secret, code)
        except BadRequest as why:  # Whoever has to choose one has not chosen the command's end.
            tell(say(why.message), err=True)
            continue
        if _hidden("credential.ask-again") == secret:
            return secret
        tell(say("credential.not-the-same"), err=True)


def _hidden(asked: str) -> str:
    secret: str = click.prompt(say(asked), hide_input=True, err=True)
    return secret.strip()


def _held_to_a_reader(settings: Settings, request: AwaitCard) -> dict[str, Any]:
    with at_the_gate(settings) as perform:
        awaited = perform(request)
        whose = who(awaited["worker"], names_of(settings))
        tell(say("credential.hold-it", kind=request.method, whose=whose), err=True)
        while (result := perform(AskCard()))["state"] == "waiting":
            time.sleep(_LOOK_EVERY_S)
        return {name: told for name, told in result.items() if name != "state"}


@credentials.command("list", help="help.credentials-list")
@as_json
@with_settings
def list_credentials(settings: Settings, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    store = Assembly(settings).store_for_reading()
    methods: dict[str, list[str]] = {code: [] for code in store.named_workers()}
    for one in store.credentials():
        methods.setdefault(one.worker, []).append(one.method.value)
    named, names = store.named_workers(), {w.code: w.name for w in store.workers()}
    rows = [
        {"code": code, "name": names[code], "methods": methods[code], "allowed": code in named}
        for code in sorted(methods)
    ]
    if as_json:
        print_json(rows)
        return
    by_name = settings.reader.allow == "named"
    print_table(
        ("code", "name", "methods", "state"),
        (
            (
                row["code"],
                row["name"],
                ", ".join(say(f"method.{method}") for method in methods[str(row["code"])]),
                "" if row["allowed"] or not by_name else say("credential.not-allowed"),
            )
            for row in rows
        ),
        empty=say("credential.none"),
    )


@credentials.command(help="help.credentials-remove")
@code_argument
@_one_kind
@yes_option
@as_json
@with_settings
def remove(
    settings: Settings, code: str, kind: CredentialKind | None, yes: bool, as_json: bool
) -> None:
    if kind is None:
        raise _which_kind()
    ask_a_person(yes, lambda: _remove_asks(settings, code, kind))
    result = carry_out(settings, RemoveCredential(code=code, method=kind))
    if as_json:
        print_json(result)
    else:
        whose = who(result["worker"], names_of(settings))
        tell(say("credential.removed", kind=kind, whose=whose))


def _remove_asks(settings: Settings, code: str, kind: CredentialKind) -> str:
    # Only here: others remove none.
    from ..contract.facts import Method
    from ..gate.people.refusals import refuse_credential

    whose = whom(settings, code)
    refuse_beforehand(
        settings, code, lambda store, code: refuse_credential(store, code, Method(kind))
    )
    return say("credential.remove-asks", kind=kind, whose=whose)


@credentials.command(help="help.credentials-qr")
@code_argument
@writes_to("help.credentials-output", "FILE.png", required=True, name="file")
@yes_option
@as_json
@with_settings
def qr(settings: Settings, code: str, file: Path, yes: bool, as_json: bool) -> None:
    try:
        import segno
    except ImportError as error:
        raise BadRequest("credential.no-segno") from error

    if file.suffix.lower() != ".png":
        raise BadRequest("credential.no-png", file=file)
    refuse_existing(file)
    _refuse_beforehand(settings, code, "qr")
    ask_if_left(settings, code, yes)
    with new_private_file(file) as out:
        result = carry_out(settings, MakeQr(code=code))
        segno.make_qr(result["token"], error="q").save(out, kind="png", scale=12, border=4)
    del result["token"]
    if as_json:
        print_json({**result, "file": str(file)})
    else:
        whose = who(result["worker"], names_of(settings))
        tell(say("credential.qr-made", file=file, whose=whose))
        _tell_if_no_reader(settings, "qr")
        tell_back(result, whose)


@credentials.command(help="help.credentials-allow")
@code_argument
@as_json
@with_settings
def allow(settings: Settings, code: str, as_json: bool) -> None:
    _name(settings, code, allowed=True, as_json=as_json)


@credentials.command(help="help.credentials-disallow")
@code_argument
@as_json
@with_settings
def disallow(settings: Settings, code: str, as_json: bool) -> None:
    _name(settings, code, allowed=False, as_json=as_json)


def _name(settings: Settings, code: str, *, allowed: bool, as_json: bool) -> None:
    result = carry_out(settings, AllowCredentials(code=code, allowed=allowed))
    if as_json:
        print_json(result)
        return
    told = "credential.allowed" if allowed else "credential.disallowed"
    tell(say(told, whose=who(result["worker"], names_of(settings))))
