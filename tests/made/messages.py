"""Tables of what the program says to a technician: what it says, how bad it is, what to do."""

import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from unittest.mock import patch

from edge_agent.contract.language import LANGUAGES, Message, say, use
from edge_agent.gate import doctor
from edge_agent.gate.doctor.findings import Sentence, State, split
from edge_agent.gate.host import service
from tests import catalogues

from .words import WORDS

_OTHERS = (
    "problem",
    "control",
    "people",
    "credential",
    "sensor",
    "broker",
    "tls",
    "store",
    "rights",
)
"""Catalogues of sentences that end a command, or stand in the status: found, colon, what to do."""

_FIELD = re.compile(r"\{(\w*)[^{}]*\}")


def _typed() -> dict[str, str]:
    """Fields that are commands, as they are where a service manager starts the daemon."""
    with patch.object(service, "is_service", return_value=True):
        typed = {
            "restart": service.restarting(),
            "stop": service.stopping(),
            "copy": service.copying(),
            "again": service.copying_again(),
            "log": Message("doctor.log-of-service"),
            "refusals": Message("doctor.log-of-refused"),
        }
    return {field: str(command) for field, command in typed.items()}


_TYPED = _typed()


def _table(language: str) -> Callable[[], str]:
    def made() -> str:
        use(language)
        try:
            return "\n".join(_lines(WORDS[language], catalogues.words(language))) + "\n"
        finally:
            use(None)

    return made


def _lines(heads: dict[str, str], words: dict[str, tuple[str, ...]]) -> Iterator[str]:
    yield f"# {heads['messages']}"
    yield ""
    yield heads["messages-about"]
    yield ""
    yield f"## {heads['by-doctor']}"
    yield ""
    yield f"| {heads['says']} | {heads['means']} | {heads['do']} |"
    yield "|---|---|---|"
    for sentence in _sentences():
        if sentence.state is not State.OK:
            advice = words.get(f"{sentence.name}-do", ("",))[-1]
            state = say(f"state.{sentence.state.lower()}")
            yield f"| {_cell(words[sentence.name][-1])} | {state} | {_cell(advice)} |"
    for subject in _OTHERS:
        rows = [text[-1] for name, text in words.items() if name.startswith(f"{subject}.")]
        told = [split(text) for text in rows]
        if told := [(found, advice) for found, advice in told if advice]:
            yield ""
            yield f"## {heads[f'of-{subject}']}"
            yield ""
            yield f"| {heads['says']} | {heads['do']} |"
            yield "|---|---|"
            for found, advice in told:
                yield f"| {_cell(found)} | {_cell(advice)} |"


def _sentences() -> Iterator[Sentence]:
    seen = set()
    for module in pkgutil.iter_modules(doctor.__path__, f"{doctor.__name__}."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, Sentence) and value.name not in seen:
                seen.add(value.name)
                if value.name.startswith("doctor."):
                    yield value


def _cell(text: str) -> str:
    """A sentence with its fields left open, but for what is typed."""
    told = _FIELD.sub(lambda field: _TYPED.get(field[1], "…"), text)
    return " ".join(told.replace("|", "\\|").split())


TABLES = {
    f"docs/{'' if language == 'en' else f'{language}/'}technician/messages.md": _table(language)
    for language in LANGUAGES
}
