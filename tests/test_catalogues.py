"""Messages: each has its words in both languages, each name in the code is one, nothing is over."""

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from itertools import pairwise
from pathlib import Path
from string import Formatter

import click
import pytest

from edge_agent.cli import COMMANDS
from edge_agent.cli.complete import REASONS
from edge_agent.contract.language import LANGUAGES, Message, said

from . import catalogues
from .commands import leaves
from .english import foreign

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "edge_agent"

ENGLISH, VIETNAMESE = catalogues.words("en"), catalogues.words("vi")
SUBJECTS = {name.partition(".")[0] for name in ENGLISH}

NAME = re.compile(r"[a-z]+(\.[a-z0-9_-]+)+")

PROSE = re.compile(r"[A-Za-z']{2,},? [a-z']{2,},? [a-z']{2,}")
"""Three words in a row: a sentence, or a piece of one."""

SQL = re.compile(r"\b(SELECT|FROM|WHERE|ORDER BY|INSERT INTO|CREATE|WITH|AS|KEY|RETURNING)\b")
"""Columns in a row are no sentence."""

FOR_MACHINES = {
    "contract/home_assistant.py": "Home Assistant makes its entities' ids of these names",
    "contract/schemas": "published beside the schemas, for developers",
    "cli/metrics.py": "for Prometheus, whose rules and tools are English",
    "contract/reasons.py": "what the libraries say, to know it again",
    "contract/told.py": "for logs, which are English",
    "gate/host/journal.py": "the log itself",
    "gate/people/roster.py": "what it says of a roster is for the log",
    "receiver/databases/database.py": "stands in the database, for whoever writes SQL",
    "receiver/telling.py": "for the log",
    "simulator": "the other side of the line, for developers",
    "demo": "for developers",
}
"""What is English for good."""

FOR_THE_LOG = ("MalformedEntry", "NotSigned", "Unfit", "ValueError")
"""Errors whose text is quoted by the log, or by nobody: what people are told of it is a message."""

SPOKEN_LATER: set[str] = {
    "__main__.py",
    "cli/carry_out.py",
    "cli/ledger.py",
    "gate/daemon/loop.py",
    "gate/daemon/status.py",
    "gate/doctor/panel.py",
    "gate/host/examiner.py",
    "gate/ledger/damage/quick_check.py",
    "gate/ledger/lost_people.py",
    "gate/ledger/open_or_succeed.py",
    "gate/ledger/store/database.py",
    "gate/ledger/store/metadata.py",
    "gate/ledger/store/people_rows.py",
    "gate/ledger/store/schema.py",
    "gate/ledger/store/privacy_schema.py",
    "gate/ledger/store/time_rows.py",
    "gate/ledger/store_health.py",
    "gate/people/templates/sealing.py",
    "gate/uplink/commands.py",
    "gate/uplink/deliveries.py",
    "gate/uplink/inbox.py",
    "gate/uplink/mqtt/broker.py",
    "gate/uplink/session.py",
}
"""Modules that still hold sentences. The list only gets shorter: a new module has none."""


def placeholders(forms: tuple[str, ...]) -> set[tuple[str, str | None, str | None]]:
    """Name, kind and conversion of each field that is shown."""
    return {
        (field, kind, conversion)
        for text in forms
        for _, field, kind, conversion in Formatter().parse(text)
        if field is not None
    }


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE).as_posix()
        yield where, ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.Module) -> Iterator[tuple[str, set[str] | None, int]]:
    """Name, fields (None: not stated here) and line of each message that is made of a literal."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        first = node.args[0]
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            continue
        says = called in ("say", "Message")
        if not NAME.fullmatch(first.value) or not (says or called[:1].isupper()):
            continue
        if says or (first.value.partition(".")[0] in SUBJECTS and called != "Path"):
            stated = {keyword.arg for keyword in node.keywords if keyword.arg}
            whole = len(stated) == len(node.keywords)
            yield first.value, stated if whole else None, node.lineno


def used(trees: list[ast.Module]) -> set[str]:
    """Names that stand in the code, or begin there, or are looked up by a field."""
    helped = {f"help.{command}" for command in COMMANDS}
    texts = {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    heads = {
        str(node.values[0].value)
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant)
    }
    begun = {head for head in heads if NAME.fullmatch(f"{head}x")}
    for forms in ENGLISH.values():
        for _, kind, _ in placeholders(forms):
            if kind in ("or", "and"):
                texts.add(f"words.{kind}")
            elif kind == "finger" or (kind or "").startswith("as."):
                begun.add(f"{(kind or '').removeprefix('as.')}.")
    begun.discard("help.")
    # The words of a sheet are named without their subject: they are its columns' names as well.
    begun.discard("paper.")
    texts |= {f"paper.{text}" for text in texts}
    begun |= {f"paper.{head}" for head in heads}
    return {
        name
        for name in ENGLISH
        if name.removesuffix("-do") in texts | helped or name.startswith(tuple(begun))
    }


def wrong_calls(where: str, tree: ast.Module) -> list[str]:
    """Messages that there are not, and fields that are not theirs."""
    found = []
    for name, fields, line in calls(tree):
        if name not in ENGLISH:
            found.append(f"{where}:{line}: there are no words for {name}")
        elif fields is not None:
            asked = {field for field, _, _ in placeholders(ENGLISH[name])}
            if len(ENGLISH[name]) > 1:
                asked.add("count")
            if asked != fields:
                found.append(f"{where}:{line}: {name} has {sorted(asked)}, not {sorted(fields)}")
    return found


def sentences(tree: ast.Module) -> list[str]:
    """Prose that stands in the code, but for what is said to developers."""
    aside: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else []:
            if isinstance(statement, ast.Expr):  # A docstring, of a constant also; or a call.
                if isinstance(statement.value, ast.Constant):
                    aside.add(id(statement.value))
                elif _is_log(statement.value):
                    aside |= {id(one) for one in ast.walk(statement)}
        if isinstance(node, ast.Assert) or _is_for_the_log(node):
            aside |= {id(one) for one in ast.walk(node)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in aside
        and PROSE.search(node.value)
        and not SQL.search(node.value)
        and not node.value.startswith("sudo ")
    ]


def _is_for_the_log(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in FOR_THE_LOG
    )


def _is_log(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("log", "_log", "logging", "warnings")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    for path in catalogues.sources(language):
        compiled = path.with_suffix(".mo")
        assert compiled.exists(), "make catalogue"
        with compiled.open("rb") as file:
            got = GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        wanted = {}
        for message in catalogues.read(path):
            if isinstance(message.id, str):
                wanted[message.id] = message.string
            else:
                wanted |= {(message.id[0], n): text for n, text in enumerate(message.string)}
        del got[""], wanted[""]  # The header, with the version of who compiled it.
        assert got == wanted, f"{path.name}: make catalogue"


def test_both_languages_say_the_same() -> None:
    assert ENGLISH.keys() ^ VIETNAMESE.keys() == set()
    for name, english in ENGLISH.items():
        vietnamese = VIETNAMESE[name]
        assert all((*english, *vietnamese)), name
        assert (name, placeholders(vietnamese)) == (name, placeholders(english))
        assert (name, len(english), len(vietnamese)) in ((name, 1, 1), (name, 2, 1))


def test_a_reason_that_is_suggested_is_in_the_language() -> None:
    texts = [text for words in VIETNAMESE.values() for text in words]
    suggested = [given for text in texts for given in re.findall(r"--reason '?([^' ]+)", text)]
    assert suggested
    assert not set(suggested) & set(REASONS)


def test_a_name_belongs_to_its_catalogue() -> None:
    for path in catalogues.sources("en"):
        for message in catalogues.read(path):
            name = message.id if isinstance(message.id, str) else message.id[0]
            assert not name or name.startswith(f"{path.stem}."), path.name


def test_each_message_in_the_code_has_words_and_its_fields() -> None:
    assert [wrong for where, tree in modules() for wrong in wrong_calls(where, tree)] == []


def test_a_path_in_a_command_is_quoted_for_the_shell() -> None:
    """Sticks are called "USB DISK", and folders as people please."""
    command = re.compile(
        r"(?:edge-agent [a-z]|\brm |sudo )[^'.;,]*?[{](?:file|path|folder|receipts)[}]"
    )
    texts = [text for words in (ENGLISH, VIETNAMESE) for all_ in words.values() for text in all_]
    assert [text for text in texts if command.search(text)] == []


def test_no_words_are_left_over() -> None:
    trees = [tree for _, tree in modules()]
    assert ENGLISH.keys() - used(trees) == set()


def test_sentences_stand_in_the_catalogues() -> None:
    found = {
        where
        for where, tree in modules()
        if not where.startswith(tuple(FOR_MACHINES)) and sentences(tree)
    }
    assert found - SPOKEN_LATER == set(), "put these sentences into edge_agent/locale/"
    assert SPOKEN_LATER - found == set(), "done: take these off the list"


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ('say("words.or")', 0),
        ('say("words.nor")', 1),
        ('raise BadRequest("command.failed", why=why)', 0),
        ('raise BadRequest("command.failed")', 1),
        ('raise BadRequest("command.failed", why=why, where=where)', 1),
        ('raise BadRequest("command.failed", **fields)', 0),
        ('Message("nobody.knows-this")', 1),
        ('Path("command.db")', 0),
    ],
)
def test_a_wrong_name_or_field_is_found(code: str, wrong: int) -> None:
    assert len(wrong_calls("planted", ast.parse(code))) == wrong


@pytest.mark.parametrize(
    ("code", "prose"),
    [
        ('raise BadRequest("There is no such worker.")', True),
        ('raise BadRequest(f"{code} is not known here.")', True),
        ('"""What a module is for."""', False),
        ('log.warning("the disk is full")', False),
        ('raise MalformedEntry("it is no entry of ours")', False),
        ('KEY = "right-index"', False),
    ],
)
def test_a_sentence_in_the_code_is_found(code: str, prose: bool) -> None:
    assert bool(sentences(ast.parse(code))) is prose


def test_each_message_is_written_once() -> None:
    """What a merge has left beside it is passed over by gettext, and seen by nobody."""
    for language in LANGUAGES:
        for path in catalogues.sources(language):
            lines = path.read_text().splitlines()
            after = [(one, next_) for one, next_ in pairwise(lines) if next_.startswith("msgstr ")]
            assert not [next_ for one, next_ in after if one.startswith("msgstr")], path


_NEVER_ONE = {
    *("most", "capacity", "slots"),  # Limits and sizes.
    *("rows", "cells"),  # More than a limit.
    *("readings", "looks", "losses", "number", "times"),  # From several on.
    "hours",  # Of a whole working day.
}
_NO_NUMBER = {"backup", "whose"}

_PLURALS = r"looks|readings|slots|statements|subscriptions|answers|templates|times"
"""Beside those that stand in the catalogue's own plural forms."""


def plurals_for_one(words: dict[str, tuple[str, ...]]) -> list[str]:
    """What is said of one as of several: "1 backups". Each such number is a ``count`` of a message,
    its own one where there are several.
    """
    nouns = {
        more
        for one, several in (forms for forms in words.values() if len(forms) == 2)
        for less, more in zip(one.split(), several.split(), strict=False)
        if less != more and more.isalpha() and more.endswith("s") and len(more) > 3
    }
    plural = re.compile(
        r"\{(\w+)[^}]*\}(?: (?:of (?:its|the|them)|more|new|other))? "
        rf"(?:{'|'.join(sorted(nouns))}|{_PLURALS})\b"
    )
    return [
        f"{name}: {found[0]}"
        for name, forms in words.items()
        for found in plural.finditer(forms[0])
        if found[1] not in _NEVER_ONE | _NO_NUMBER
        if found[1] != "count" or len(set(forms)) == 1
    ]


def test_what_is_counted_is_told_in_the_plural_of_several_only() -> None:
    assert plurals_for_one(ENGLISH) == []


@pytest.mark.parametrize(
    ("forms", "wrong"),
    [
        (("{count} backups to be destroyed",), 1),
        (("{count} backup to be destroyed", "{count} backups to be destroyed"), 0),
        (("{count} backups to be destroyed",) * 2, 1),
        (("{count} worker, {backups} backups", "{count} workers, {backups} backups"), 1),
        (("{most} backups at most",), 0),
    ],
)
def test_a_plural_for_one_is_found(forms: tuple[str, ...], wrong: int) -> None:
    known = ("{count} backup", "{count} backups")
    assert len(plurals_for_one({"a.known": known, "a.b": forms})) == wrong


def test_vietnamese_has_one_word_for_a_certificate_and_no_english_place_holder() -> None:
    told = [text for texts in VIETNAMESE.values() for text in texts]
    assert [t for t in told if re.search(r"[Cc]hứng thư|\bNUMBER\b|\bFILE\.deb\b", t)] == []


TYPED_OR_NAMED = {
    "clerk.undo": "a command", "code.20": "a number",
    "credential.no-reader": "a line of the settings",
    "credential.no-reader-yet": "a line of the settings", "doctor.console-of-kernel": "a program",
    "doctor.port-is-mini-uart": "the maker's name", "help.audit-by": "values",
    "help.audit-kind": "values", "help.broker-root": "a value", "help.requests-due": "values",
    "mqtt.85": "MQTT's name", "payroll.name-not-owner": "a program", "settings.confirm-by": "a key",
    "payroll.password-in-url": "a variable", "payroll.url-unreadable": "a variable",
    "sensor.no-parameters": "the maker's name",
    "settings.punches-alone": "a key", "sheet.site-number-range": "keys",
    "sheet.site-number-twice": "keys", "sheet.site-usual": "keys", "status.consent-off": "a value",
    "doctor.service-writes-elsewhere-do": "a section", "support.readme": "as it stands there",
    "toml.truth": "values", "use.truth": "values", "upgrade.other-machine": "a command",
    "use.country": "a value", "without.search-instead": "the maker's name",
}  # fmt: skip
"""Messages with a foreign word that is typed, or that is a name."""


def test_no_vietnamese_sentence_has_a_foreign_word() -> None:
    found = {
        name
        for name, forms in catalogues.words("vi").items()
        if not name.startswith(("example.", "meant.")) and any(foreign(text) for text in forms)
    }
    assert found - TYPED_OR_NAMED.keys() == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Chờ SECONDS giây", ["SECONDS"]),
        ("xem hai dòng uplink và broker", ["uplink"]),
        ("Ghi cách PROPOSAL của việc KEY", ["PROPOSAL", "KEY"]),
        ("gõ 'edge-agent the thing', xem /the/path.txt và [mqtt] host", []),
        ("Một trong: right-thumb (cái phải), in (vào)", []),
        ("trang giay khong dau thi thoi", []),
    ],
)
def test_a_foreign_word_is_found(text: str, found: list[str]) -> None:
    """The control of the one above."""
    assert foreign(text) == found


_STANDS_FOR_ITSELF = {
    *("auto", "3.1.1", "01a", "01b", "xlsx", "csv", "attlog"),
    *("as608", "r307", "r503", "zfm20", "zfm60"),
}
"""Choices that are names, or are told in a sentence of their own."""


def test_each_word_that_may_be_chosen_is_explained_in_vietnamese() -> None:
    lacking = []
    for ctx in leaves():
        for option in ctx.command.params:
            if not isinstance(option, click.Option) or not isinstance(option.type, click.Choice):
                continue
            told = said(Message(option.help), "vi") if option.help else ""
            for word in {*map(str, option.type.choices)} - _STANDS_FOR_ITSELF:
                if not (word.isdigit() or f"{word} (" in told or f"({word})" in told):
                    lacking.append(f"{ctx.command_path} {option.opts[0]}: {word}")
    assert lacking == []


STOPPED = re.compile(
    r"(?:^|[:;,(] |&& |\b(?:then|rồi) )"
    r"(?:sudo|edge-agent|systemctl|journalctl|pip install|make bundle) [^.,:;)\n]*\.(?=\s|$)"
    r"|\{(?:\w+:(?:shell|steps)|start|stop|restart|reload|mend|command|line|again)\}\.(?=\s|$)"
)
"""A command, or the field of one, with the full stop of its sentence."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_full_stop_is_stuck_to_a_command(language: str) -> None:
    """Whoever copies it types the full stop too: a command stands in quotes, or last without."""
    stuck = {
        name: found[0]
        for name, forms in catalogues.words(language).items()
        for words in forms
        if (found := STOPPED.search(re.sub(r"(?<!\w)'[^']*'", "'", words)))
    }
    assert stuck == {}


UNMARKED = re.compile(
    r"(?:[:;,(] |&& |\b(?:then|rồi) )"
    r"(?:sudo|edge-agent|systemctl|journalctl|pip install|make bundle) [^.,:;)\n]*$"
    r"|\{(?:start|stop|restart|reload|copy|command|again)\}$"
)
"""A command, or the field of one, at the end of words that do not say so."""

TYPED_AS_A_WHOLE = {"host.restart-by-hand"}
LINES_OF_A_LIST = {
    "day.withdrawn",
    "people.leaves-after",
    "people.leaves-after-by",
    "status.more-to-do",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_clause_that_ends_in_a_command_says_so(language: str) -> None:
    """It may be the end of any sentence, whose full stop goes where the command is a field,
    ``{restart:typed}``; else it stands in quotes."""
    unmarked = {
        name: found[0]
        for name, forms in catalogues.words(language).items()
        if name not in TYPED_AS_A_WHOLE | LINES_OF_A_LIST
        for words in forms
        if (found := UNMARKED.search(re.sub(r"(?<!\w)'[^']*'", "'", words)))
        if words[0].islower() or found[0].startswith("{")
    }
    assert unmarked == {}
