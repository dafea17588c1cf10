"""``edge-agent privacy certificate`` and ``verify``: somebody's erasure on paper."""

from pathlib import Path

import click

from .. import __version__
from ..contract.atomic_file import new_private_file
from ..contract.language import Message, current, say
from ..gate.settings.load import load_settings
from ..gate.settings.schema import Settings
from .carry_out import names_of
from .certificate_page import Carried, carried_by, certificate_page
from .complete import code_argument
from .help import command
from .kept_words import gone_of
from .options import FilePath, as_json, config_option, page_option, with_settings
from .show import print_json, who
from .tell import tell


@command(name="certificate", help="help.privacy-certificate")
@code_argument
@page_option(required=True)
@as_json
@with_settings
def certificate(settings: Settings, code: str, file: Path, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.daemon.assembly import Assembly
    from ..gate.papers.certificate import certificates_of
    from ..gate.replaced_sensors import sensors_with_erased
    from ..gate.sealed_backups import backups_with_erased

    assembly = Assembly(settings)
    store = assembly.store_for_reading()
    *before, made = certificates_of(store, code)
    name = names_of(settings).get(code, "")
    enrolled = any(print_.worker == code for print_ in store.prints())
    page = certificate_page(
        Carried(
            document=made.document,
            seq=made.seq,
            name=name,
            language=current(),
            version=__version__,
            backups=backups_with_erased(store.sealed_backups(), code, assembly.zone),
            sensors=sensors_with_erased(store.replaced_sensors(), code, assembly.zone),
            enrolled=enrolled,
            before=before,
        )
    )
    with new_private_file(file) as out:
        out.write(page.encode())
    if enrolled:
        tell(say("proof.enrolled-since", done=made.read().done), err=True)
    if as_json:
        print_json({"file": str(file), "seq": made.seq, "digest": made.digest})
    else:
        tell(say("proof.written", file=file, whose=who(code, {code: name} if name else {})))


@command(name="verify", help="help.privacy-verify")
@click.argument("file", type=FilePath(path_type=Path, dir_okay=False))
@click.option(
    "--export",
    metavar="LEDGER.jsonl",
    type=FilePath(path_type=Path, dir_okay=False),
    help="help.privacy-export",
)
@as_json
# Not with_settings: with an export no gate is needed.
@config_option
def verify(config: Path, file: Path, export: Path | None, as_json: bool) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..gate.papers.certificate import Certificate, proofs_in, proofs_of, worst_of

    content, carried = carried_by(file)
    last = Certificate(document=carried.document, seq=carried.seq)
    is_ours = False
    if export is not None:
        proofs = proofs_in(export)
    else:
        from ..gate.daemon.assembly import Assembly

        settings = load_settings(config)
        is_ours = settings.gate.id == last.read().gate
        proofs = proofs_of(Assembly(settings).store_for_reading())
    made, verdict = worst_of(last, carried.before, proofs)
    said = made.read()
    comparable = carried.version == __version__
    changed = verdict.holds and comparable and certificate_page(carried).encode() != content
    told = "changed" if changed else verdict.value
    if as_json:
        print_json(
            {
                "file": str(file),
                "verdict": told,
                "compared": comparable,
                **{"worker": said.worker, "gate": said.gate, "ledger": said.ledger},
                **{"seq": made.seq, "digest": made.digest, "done": said.done},
            }
        )
    else:
        fields = {"code": said.worker, "gate": said.gate, "ledger": said.ledger}
        if told == "foreign" and is_ours:  # Nobody is to be called a forger for a card that died.
            told = "former"
        tell(say(f"proof.{told}", file=file, seq=made.seq, done=said.done, **fields))
        if verdict.holds and not comparable:
            all_ = [one.read() for one in (*carried.before, last)]
            erased = [
                Message("proof.erased-what", what=gone_of(one.erased), done=one.done)
                for one in all_
            ]
            tell(say("proof.other-version", version=carried.version, erased=erased))
    if changed or not verdict.holds:
        click.get_current_context().exit(1)
