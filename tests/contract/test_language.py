"""Messages: words by name, in the language of whoever reads them."""

import errno
import os
from pathlib import Path

import pytest

from edge_agent.contract import language
from edge_agent.contract.errors import BadRequest
from edge_agent.contract.language import ENGLISH, VIETNAMESE, Message, received, said, say

BAD = Message("people.bad-finger", text="toe", fingers=("right-thumb", "left-ring"))


def test_an_error_keeps_its_name_and_is_english_in_the_log() -> None:
    language.use("vi")
    error = BadRequest("people.bad-reason", text="Lan")
    assert str(error).startswith("'Lan' is not a reason")
    assert say(error.message).startswith("'Lan' không phải lý do")
    assert error.message.plain() == {"name": "people.bad-reason", "fields": {"text": "Lan"}}


def test_a_sentence_without_a_name_stands_for_itself() -> None:
    assert str(BadRequest("The disk is {full}.")) == "The disk is {full}."
    assert say("Gone.") == "Gone."
    assert str(BadRequest()) == ""


def test_a_name_that_nobody_knows_is_told_as_it_is() -> None:
    assert say("people.no-such-words", code="7") == "people.no-such-words {'code': '7'}"


@pytest.mark.parametrize(
    ("field", "english", "vietnamese"),
    [
        ("{x}", "7", "7"),
        ("{x:.1f}", "7.0", "7,0"),
        ("{x:,}", "7", "7"),
    ],
)
def test_numbers(
    field: str, english: str, vietnamese: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "_template", lambda message, spoken: field)
    assert said(Message("x.y", x=7), ENGLISH) == english
    assert said(Message("x.y", x=7), VIETNAMESE) == vietnamese


@pytest.mark.parametrize(
    ("field", "value", "english", "vietnamese"),
    [
        ("{x:.2f}", 1234.5, "1234.50", "1234,50"),
        ("{x:,.1f}", 1234.5, "1,234.5", "1.234,5"),
        (
            "{x:moment}",
            "2026-11-28T06:58:00.123+07:00",
            "2026-11-28 06:58:00",
            "28/11/2026 06:58:00",
        ),
        ("{x:day}", "2026-11-28", "2026-11-28", "28/11/2026"),
        ("{x:day}", "2026-11-28T07:09:00.000+07:00", "2026-11-28", "28/11/2026"),
        ("{x:day}", "not-known, or so", "not-known, or so", "not-known, or so"),
        ("{x:finger}", "right-index", "right-index", "ngón trỏ phải"),
        ("{x:finger}", "toe", "toe", "toe"),
        ("{x:or}", ["a", "b"], "a or b", "a hoặc b"),
        ("{x:list}", ("a", "b"), "a, b", "a, b"),
        ("{x!r}", "a'b\x1b", '"a\'b\\x1b"', '"a\'b\\x1b"'),
        ("{x!r}", "a" * 500, f"'{'a' * 79} … {'a' * 9}'", f"'{'a' * 79} … {'a' * 9}'"),
        ("{x!r}", "a" * 150, f"'{'a' * 150}'", f"'{'a' * 150}'"),
        ("{x}", "\x1b[2J\u202eLan", "\\x1b[2J\\u202eLan", "\\x1b[2J\\u202eLan"),
        ("{x}", Path("/etc/x"), "/etc/x", "/etc/x"),
        ("{x}", Message("words.or"), "or", "hoặc"),
        ("{x}", BadRequest("words.or"), "or", "hoặc"),
    ],
)
def test_a_field_is_shown_as_people_write_it(
    field: str, value: object, english: str, vietnamese: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = language._template
    monkeypatch.setattr(
        language,
        "_template",
        lambda message, spoken: field if message.name == "x.y" else ours(message, spoken),
    )
    message = Message("x.y", x=value)
    assert said(message, ENGLISH) == english
    assert said(message, VIETNAMESE) == vietnamese
    over_the_wire = Message("x.y", **message.plain()["fields"])
    assert said(over_the_wire, VIETNAMESE) == vietnamese


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "vi_VN", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "vi:en"}, "vi"),
        ({"LANG": "th_TH.UTF-8", "LC_ALL": ""}, "en"),
    ],
)
def test_the_language_of_the_environment(environment: dict[str, str], spoken: str) -> None:
    assert language.stated_by(environment) == spoken


def test_what_a_program_of_this_version_sent_is_said_in_any_language() -> None:
    got = received(str(BAD), **BAD.plain())
    assert said(got, VIETNAMESE).startswith("'toe' không phải tên ngón tay")
    assert str(got) == str(BAD)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("", {}),
        ("people.of-the-future", {"text": "toe"}),
        ("people.bad-finger", {"of": "the future"}),
        ("../../etc.passwd", {}),
    ],
)
def test_what_one_of_another_version_sent_is_said_in_its_english(
    name: str, fields: dict[str, object]
) -> None:
    assert said(received("It said so.", name, fields), VIETNAMESE) == "It said so."


def test_the_systems_own_words() -> None:
    full = language.because(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert str(full) == os.strerror(errno.ENOSPC)
    assert isinstance(full, Message)
    assert said(full, VIETNAMESE) == "đĩa đã đầy"
    assert language.because(OSError("odd")) == "odd"
    assert language.because(OSError(errno.EBADMSG, "Bad message")) == "Bad message"


MENDED = Message(
    "rights.mended-by", told="user lan may not write it", mend="sudo chown lan: gate.db"
)
RESTARTED = Message("settings.after-restart", restart=Message("host.restart-by-hand"))


@pytest.mark.parametrize(
    ("message", "end"),
    [
        (Message("host.no-database", path="gate.db", why=MENDED), ": sudo chown lan: gate.db"),
        (
            Message("settings.unreadable", path="a.toml", why=RESTARTED),
            "Ctrl+C where it runs, then edge-agent run",
        ),
        (Message("problem.hangs", thread="gate", seconds=9.0, restart="edge-agent run"), "run)."),
        (Message("words.together", sentences=[Message("store.full-stop", clause=MENDED)]), ".db"),
    ],
)
def test_no_full_stop_follows_a_command_that_is_the_end_of_another_message(
    message: Message, end: str
) -> None:
    assert said(message, ENGLISH).endswith(end)


def test_what_marks_a_command_is_never_shown_and_nobody_else_s() -> None:
    shown = say("carry.receipts-written", file="a\ue000.")
    assert "\ue000" not in shown
    assert shown.count(r"a\ue000.") == 2
