"""The table of requests and their handlers: whole, and the same on both sides of the socket."""

import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, cast, get_type_hints

import msgspec
import pytest

from edge_agent.contract.errors import BadRequest
from edge_agent.gate import people
from edge_agent.gate.control import server
from edge_agent.gate.errors import SensorSilent
from edge_agent.gate.people import requests
from edge_agent.gate.people.context import RequestContext, Result
from edge_agent.gate.people.handlers import HANDLERS, Dispatcher, Handler
from edge_agent.gate.people.requests import (
    AddWorker,
    AskDay,
    AskNames,
    AskStatus,
    Enroll,
    Identify,
    RemovePrint,
    Request,
    RetireGate,
    TakeImage,
    Watch,
)
from edge_agent.gate.people.templates import requests as sealed_requests
from edge_agent.gate.people.templates.requests import (
    AskCourier,
    BeginBackup,
    BeginRestore,
    PreviewRestore,
    RestorePrints,
    SealPrints,
)
from edge_agent.gate.people.templates.sealing import AgeSealing
from tests.gate.fakes import (
    HOAS,
    HOAS_FINGER,
    INFO,
    LANS,
    LANS_FINGER,
    Library,
    Person,
    Site,
    pair,
)

SOCKETS_OWN = {AskDay, AskNames, AskStatus, Watch}
"""What the daemon's main thread answers."""

Function = Callable[[RequestContext, Any], Result]


def structs_of(module: Any) -> set[type[Request]]:
    return {
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Request) and kind is not Request
    }


def handling(functions: Iterable[Function]) -> dict[Function, type[Request]]:
    """Those of ``functions`` that carry out a request, with its type."""
    hints = {function: get_type_hints(function) for function in functions}
    return {
        function: told["request"]
        for function, told in hints.items()
        if told.get("context") is RequestContext
        and issubclass(told.get("request", int), Request)
        and not function.__name__.startswith("_")
    }


def functions_of(package: Any) -> set[Function]:
    names = (
        found.name for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    )
    return {
        function
        for name in names
        for function in vars(import_module(name)).values()
        if inspect.isfunction(function)
    }


def mismatches(
    handlers: Mapping[type[Request], Handler],
    structs: set[type[Request]],
    functions: dict[Function, type[Request]],
) -> set[str]:
    """Structs without a handler, handlers without a struct, and rows with the wrong one."""
    carried_out = {handler.carry_out for handler in handlers.values()}
    return {
        *(kind.__name__ for kind in structs ^ handlers.keys()),
        *(function.__name__ for function in functions.keys() ^ carried_out),
        *(
            kind.__name__
            for kind, handler in handlers.items()
            if functions.get(handler.carry_out) is not kind
        ),
    }


class MakeCoffee(Request, tag="make-coffee", frozen=True, kw_only=True):
    """A request that nobody carries out."""


def make_coffee(context: RequestContext, request: MakeCoffee) -> Result:
    """A handler that nobody calls."""
    return {}


STRUCTS = (structs_of(requests) | structs_of(sealed_requests)) - SOCKETS_OWN
FUNCTIONS = handling(functions_of(people))


def test_every_request_has_its_handler_and_every_handler_its_request() -> None:
    assert mismatches(HANDLERS, STRUCTS, FUNCTIONS) == set()
    assert len(HANDLERS) == len(STRUCTS) == len(FUNCTIONS) > 10


def test_what_has_none_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    coffee = handling([make_coffee])
    swapped = {AddWorker: HANDLERS[Identify], Identify: HANDLERS[AddWorker]}
    assert mismatches(HANDLERS, STRUCTS | {MakeCoffee}, FUNCTIONS) == {"MakeCoffee"}
    assert mismatches(HANDLERS, STRUCTS, FUNCTIONS | coffee) == {"make_coffee"}
    assert mismatches({**HANDLERS, **swapped}, STRUCTS, FUNCTIONS) == {"AddWorker", "Identify"}
    kitchen = ModuleType("edge_agent.gate.people.kitchen")
    monkeypatch.setattr(kitchen, "make_coffee", make_coffee, raising=False)
    monkeypatch.setitem(sys.modules, kitchen.__name__, kitchen)
    with_it = {**HANDLERS, MakeCoffee: Handler("kitchen", "make_coffee")}
    assert mismatches(with_it, STRUCTS | {MakeCoffee}, FUNCTIONS | coffee) == set()


def test_the_socket_takes_all_of_them_and_nothing_else() -> None:
    tags = {kind.__struct_config__.tag for kind in STRUCTS | SOCKETS_OWN}
    with pytest.raises(msgspec.ValidationError, match="Invalid value 'x'"):
        server._requests.decode(b'{"ask":"x"}')
    for tag in tags:
        line = msgspec.json.encode({"ask": tag, "more": "fields than it has"})
        try:
            taken = server._requests.decode(line)
        except msgspec.ValidationError as error:
            assert "missing required field" in str(error)  # noqa: PT017
        else:
            assert type(taken) in STRUCTS | SOCKETS_OWN


SEALING = AgeSealing()
KEY = SEALING.new_keys().recipient


def asked_without_a_sensor(*requests: Request) -> None:
    """All but the last with it: what has to come before."""
    site, none = Site(), cast("Any", None)
    library = Library()
    library.templates = {LANS.slot: LANS_FINGER, HOAS.slot: HOAS_FINGER}
    pairing = pair(site, library)
    dispatcher = Dispatcher(site.gate, library, site.panel, pairing, SEALING, none)
    *before, last = requests
    for request in before:
        told = dispatcher.carry_out(request, INFO, Person(site.clock, library, []), "uid:0")
        if "backup" in told:
            last = msgspec.structs.replace(last, backup=told["backup"])
    site.store.forget_entries()
    library.asked.clear()
    try:
        dispatcher.carry_out(last, None, none, "uid:0")
    finally:
        assert (site.store.kinds(), site.panel.told, list(library.asked)) == ([], [], [])


SOUND: dict[str, list[Request]] = {
    "enroll": [Enroll(code="007", finger="left-thumb")],
    "remove": [RemovePrint(code="007", finger=LANS.finger)],
    "identify": [Identify()],
    "image": [TakeImage()],
    "retire": [RetireGate(gate="main-gate")],
    "backup": [BeginBackup(recipients=[KEY])],
    "seal": [BeginBackup(recipients=[KEY]), SealPrints(backup="", first=1)],
    "restore": [BeginRestore(system_id=9)],
    "preview": [PreviewRestore(records=[])],
    "records": [
        AskCourier(),
        RestorePrints(gate="g", backup="ab" * 16, sealed=[b"of no courier's"]),
    ],
}

BAD: dict[str, tuple[list[Request], str]] = {
    "enroll a code": ([Enroll(code="4711", finger="left-thumb")], "no worker 4711"),
    "enroll a finger": ([Enroll(code="007", finger="nose")], "nose"),
    "enroll it again": ([Enroll(code="007", finger=LANS.finger)], "enrolled"),
    "remove a finger": ([RemovePrint(code="007", finger="left-thumb")], "No left-thumb of 007"),
    "retire": ([RetireGate(gate="north-gate")], "This gate is main-gate"),
    "backup": ([BeginBackup(recipients=["me"])], "wants a public key"),
    "seal": ([SealPrints(backup="x", first=1)], "not under way"),
    "seal no place": ([BeginBackup(recipients=[KEY]), SealPrints(backup="", first=99)], "no place"),
    "records": ([RestorePrints(gate="g", backup="ab" * 16, sealed=[])], "begin anew"),
}


@pytest.mark.parametrize("requests", [v for k, v in SOUND.items() if k != "records"])
def test_what_needs_the_sensor_is_refused_before_it_begins(requests: list[Request]) -> None:
    with pytest.raises(SensorSilent, match="sensor is not in use now"):
        asked_without_a_sensor(*requests)


@pytest.mark.parametrize(("requests", "said"), BAD.values(), ids=BAD.keys())
def test_bad_words_are_answered_before_the_sensor_is_asked_for(
    requests: list[Request], said: str
) -> None:
    """Whoever mistypes should not look for a fault in the wiring first."""
    with pytest.raises(BadRequest, match=said):
        asked_without_a_sensor(*requests)


def test_whatever_may_need_the_sensor_is_tried_above() -> None:
    """By its words: who asks for the sensor in use."""
    names = {
        kind
        for kind, row in HANDLERS.items()
        if "sensor_in_use" in inspect.getsource(row.carry_out)
    }
    tried = {type(requests[-1]) for requests in SOUND.values()}
    assert names == tried
