"""Whatever is typed where a worker is named: refused or shown, and never obeyed by a terminal."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.language import LANGUAGES, Message, said
from edge_agent.gate.people.requests import (
    ActivateWorker,
    AddWorker,
    DeactivateWorker,
    Enroll,
    ImportWorkers,
    ListedWorker,
    RemovePrint,
    RenameWorker,
    Request,
)
from tests.gate.fakes import Site
from tests.gate.people.asking import ask

HOSTILE = ("\x1b[2J", "\x1b]0;title\x07", "\u202e", "\u200f", "\x9b31m", "\r", "\x00", "\u2028")

typed = st.one_of(
    st.text(max_size=130),
    st.sampled_from(["N" * 500, *HOSTILE]),
    st.builds("{}{}{}".format, st.text(max_size=9), st.sampled_from(HOSTILE), st.text(max_size=9)),
)


def _requests(text: str) -> list[Request]:
    return [
        AddWorker(code=text, name="Lò Thị Mây"),
        AddWorker(code="NV900", name=text),
        RenameWorker(code=text, name="Lò Thị Mây"),
        RenameWorker(code="007", name=text),
        ActivateWorker(code=text),
        DeactivateWorker(code=text),
        Enroll(code=text, finger="right-thumb"),
        Enroll(code="007", finger=text),
        RemovePrint(code=text, finger="right-thumb"),
        RemovePrint(code="007", finger=text),
        ImportWorkers(workers=[ListedWorker(code="NV901", name=text)]),
        ImportWorkers(workers=[ListedWorker(code=text, name="Lò Thị Mây")]),
    ]


def _shown(message: Message) -> None:
    for language in LANGUAGES:
        words = said(message, language)
        assert words.replace("\n", "").isprintable(), (message.name, words)


@pytest.fixture(scope="module")
def site() -> Site:
    return Site()


@given(text=typed)
@example(text="\u202eNV0042")
@example(text="NV\x1b[31m42")
@settings(max_examples=60, deadline=None)
def test_what_is_typed_is_refused_or_shown(site: Site, text: str) -> None:
    for request in _requests(text):
        try:
            told = ask(site.gate, request)
        except BadRequest as refused:
            _shown(refused.message)
        except AttributeError:  # It was taken, and this gate has no sensor.
            assert isinstance(request, (Enroll, RemovePrint))
        else:
            for problem in told.get("problems", ()):
                _shown(Message(problem["name"], **problem["fields"]))
    for worker in site.store.workers():
        assert worker.name.isprintable()
        assert worker.code.isprintable()
        assert len(worker.name) <= 100
