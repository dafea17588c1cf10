"""The sentences: all of them can be said, and each says what to do where something is wrong."""

import re
from pathlib import Path

import pytest

import edge_agent.gate.doctor
from edge_agent.contract.language import LANGUAGES, Message
from edge_agent.gate.doctor.findings import Sentence, State, age_of, split
from tests import catalogues

from .staging import SENTENCES

PACKAGE = Path(edge_agent.gate.doctor.__file__).parent

each = pytest.mark.parametrize("sentence", SENTENCES.values(), ids=SENTENCES)


def words_of(sentence: Sentence, language: str) -> list[str]:
    """What was found, and the advice where there is one."""
    words = catalogues.words(language)
    return [words[name][0] for name in (sentence.name, f"{sentence.name}-do") if name in words]


@each
def test_trouble_comes_with_advice(sentence: Sentence) -> None:
    brings_its_own = not sentence.name.startswith("doctor.")
    assert len(words_of(sentence, "en")) == 2 or sentence.state is State.OK or brings_its_own


@each
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_part_ends_in_a_full_stop(sentence: Sentence, language: str) -> None:
    """The line's own stop would be the second one."""
    assert not any(part.endswith(".") for part in words_of(sentence, language))


def test_every_sentence_is_said_somewhere() -> None:
    code = "".join(path.read_text() for path in PACKAGE.glob("*.py"))
    assert (
        set(SENTENCES) - set(re.findall(r"(?<!^)\b([A-Z][A-Z_0-9]+)\b", code, re.MULTILINE))
        == set()
    )


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("It is gone: plug it in.", ("It is gone", "plug it in")),
        ("It failed (why: x): look. Then ask.", ("It failed (why: x)", "look. Then ask")),
        ("It failed (a (b: c): d): look.", ("It failed (a (b: c): d)", "look")),
        ("The broker at h:1883 says no.", ("The broker at h:1883 says no", "")),
        ("Smiling :) it failed: look.", ("Smiling :) it failed", "look")),
    ],
)
def test_a_message_is_split_into_what_was_found_and_what_to_do(
    message: str, parts: tuple[str, str]
) -> None:
    assert split(message) == parts


def test_one_is_not_told_as_many() -> None:
    assert [str(Message("doctor.entries", count=n)) for n in (0, 1, 2)] == [
        "0 entries",
        "1 entry",
        "2 entries",
    ]
    assert [str(age_of(s)) for s in (59, 60, 7199, 7200, 172799, 172800)] == [
        "0 minutes",
        "1 minute",
        "119 minutes",
        "2 hours",
        "47 hours",
        "2 days",
    ]


@each
def test_no_number_stands_before_a_plural(sentence: Sentence) -> None:
    """What is counted may be one; memory never is."""
    for part in words_of(sentence, "en"):
        assert not re.search(r"\{(count|entries|receipts|commands|touches)\} \w+s\b", part)
