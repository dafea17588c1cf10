"""``edge-agent consent``: who has agreed that their fingers are used, and to which text."""

from pathlib import Path
from typing import Any

import click

from ..contract.atomic_file import new_private_file
from ..contract.corrections import known_code
from ..contract.language import Message, said, say
from ..gate.people.consent_text import ConsentText, consent_text, names, newest
from ..gate.people.requests import RecordConsent, WithdrawConsent
from ..gate.settings.schema import Settings
from .carry_out import carry_out, names_of, whom
from .complete import code_argument
from .help import group
from .options import as_json, ask_a_person, page_option, with_settings, yes_option
from .page import field, heading, led, page, paragraph, signatures
from .show import print_json, print_table, shown_day, who
from .tell import tell
from .worker_words import (
    ask_if_left,
    consent_state,
    consent_told,
    erase_asks,
    refuse_beforehand,
    tell_back,
    tell_erasure,
)


@group(help="help.consent")
def consent() -> None:
    """Who has agreed."""


@consent.command("print", help="help.consent-print")
@code_argument
@click.option("--text", "text", metavar="vi-1", help="help.consent-text")
@page_option(required=True)
@as_json
@with_settings
def print_slip(settings: Settings, code: str, text: str | None, file: Path, as_json: bool) -> None:
    agreed = consent_text(text) if text else newest("vi")
    known = names_of(settings)
    if known:  # Else nobody is there to tell them.
        code = known_code(code, known, Message("people.add-first"), known)
    name = known.get(code, "")
    with new_private_file(file) as out:
        out.write(slip(agreed, code, name).encode())
    if as_json:
        print_json({"file": str(file), "text": agreed.name, "text_hash": agreed.hash})
    else:
        told = {"whose": who(code, known), "code": code, "text": agreed.name, "file": file}
        tell(say("consent.printed", **told))


@consent.command(help="help.consent-record")
@code_argument
@click.option("--text", "text", required=True, metavar="vi-1", help="help.consent-text")
@click.option("--signed", required=True, metavar="2026-11-28", help="help.consent-signed")
@click.option("--witness", metavar="CODE", help="help.consent-witness")
@click.option("--paper", is_flag=True, help="help.consent-paper")
@yes_option
@as_json
@with_settings
def record(
    settings: Settings,
    code: str,
    text: str,
    signed: str,
    witness: str | None,
    paper: bool,
    yes: bool,
    as_json: bool,
) -> None:
    from ..gate.daemon.assembly import Assembly
    from ..gate.people.consent import judge_consent
    from .since import typed_day  # Only here: others name no day.

    signed = typed_day(settings, "--signed", signed)
    request = RecordConsent(code=code, text=text, signed=signed, witness=witness, paper=paper)
    today = Assembly(settings).today()
    refuse_beforehand(
        settings, code, lambda store, code: judge_consent(store, code, request, today)
    )
    ask_if_left(settings, code, yes)
    result = carry_out(settings, request)
    if as_json:
        print_json(result)
    else:
        whose = who(result["worker"], names_of(settings))
        told = {"text": text, "signed": result["signed"], "seq": result["seq"]}
        tell(say("consent.recorded", whose=whose, **told))
        if result.get("fingers") == []:  # A daemon of an older version does not tell.
            tell(say("consent.then-enrol", code=result["worker"]))
        tell_back(result, whose)


@consent.command(help="help.consent-withdraw")
@code_argument
@yes_option
@as_json
@with_settings
def withdraw(settings: Settings, code: str, yes: bool, as_json: bool) -> None:
    ask_a_person(yes, lambda: _withdraw_asks(settings, code))
    result = carry_out(settings, WithdrawConsent(code=code))
    if not as_json:
        _tell_withdrawn(result, who(result["worker"], names_of(settings)))
    tell_erasure(settings, result, as_json, withdrawn=True)


def _tell_withdrawn(result: dict[str, Any], whose: str) -> None:
    """That it is so, and by what they punch from now on."""
    code = result["worker"]
    tell(say("privacy.withdrawn-now", whose=whose))
    if result["erased"]["credentials"]:
        tell(say("privacy.give-again", code=code))
    elif not result.get("methods", ["?"]):  # A daemon of an older version does not tell.
        tell(say("privacy.give-one", code=code))


def _withdraw_asks(settings: Settings, code: str) -> str:
    """What is asked before. Raises BadRequest where it would be refused."""
    from ..gate.people.refusals import refuse_withdrawal  # Only here: others withdraw nothing.

    whose = whom(settings, code)
    refuse_beforehand(settings, code, refuse_withdrawal)
    return f"{say('privacy.withdraw-asks', whose=whose)}\n{erase_asks(settings, code, whose)}"


@consent.command("list", help="help.consent-list")
@as_json
@with_settings
def list_consents(settings: Settings, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly

    store = Assembly(settings).store_for_reading()
    given, prints = store.consents(), {print_.worker for print_ in store.prints()}
    withdrawn = store.withdrawn()
    rows: list[dict[str, Any]] = []
    for worker in store.workers():
        own = given.get(worker.code)
        if own is None and worker.code not in prints and worker.code not in withdrawn:
            continue  # Nothing of their fingers is here.
        rows.append(
            {
                "code": worker.code,
                "name": worker.name,
                "text": own.text if own else None,
                "signed": own.signed if own else None,
                "fingers": worker.code in prints,
                "state": consent_state(own),
                "withdrawn": withdrawn.get(worker.code),
                "has_withdrawn": worker.code in withdrawn,
            }
        )
    if as_json:
        print_json(rows)
        return
    print_table(
        ("code", "name", "text", "signed", "state"),
        (
            (
                row["code"],
                row["name"],
                row["text"] or "",
                shown_day(row["signed"]),
                consent_told(row["state"], settings, withdrawn, row["code"]),
            )
            for row in rows
        ),
        empty=say("consent.nobody"),
    )
    tell(say("consent.texts", texts=names()))


def slip(text: ConsentText, code: str, name: str) -> str:
    """The page that a worker reads and signs, in the text's own language: the exact text, and which
    it is, down to the hash."""
    language = text.language

    def words(key: str) -> str:
        return said(Message(f"consent.slip-{key}"), language)

    title, *paragraphs = text.body.strip().split("\n\n")
    return page(
        title,
        language,
        [
            heading(title),
            field(words("employer")),
            *map(led, paragraphs),
            heading(words("answer"), 2),
            paragraph("☐ " + words("yes")),
            paragraph("☐ " + words("no")),
            field(words("name"), name),
            field(words("code"), code),
            field(words("day")),
            signatures(words("worker"), words("witness")),
            paragraph(f"{words('which')} {text.name} · SHA-256 {text.hash}", "small"),
        ],
    )
