"""A daemon's refusal is said in the command's language, whichever of the two is newer."""

import msgspec

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.language import VIETNAMESE, said
from edge_agent.gate.control.client import Refusal
from edge_agent.gate.people.answers import AnyResponse, Failed

REFUSED = BadRequest("people.unknown-but", code="42", meant=["0042", "042"])


def sent(failed: Failed) -> Failed:
    got: Failed = msgspec.json.decode(msgspec.json.encode(failed), type=AnyResponse)
    return got


def test_a_refusal_keeps_its_name_and_fields_on_the_socket() -> None:
    refusal = Refusal(sent(Failed.of(REFUSED)))
    assert refusal.exit_code == REFUSED.exit_code
    assert str(refusal) == "There is no worker 42: is 0042 or 042 meant?"
    told = said(refusal.message, VIETNAMESE)
    assert told == "Không có công nhân 42: có phải là 0042 hoặc 042 không?"


def test_a_daemon_of_an_older_version_sends_no_name() -> None:
    line = b'{"answer":"failed","error":"No such thing.","exit_code":65}'
    refusal = Refusal(msgspec.json.decode(line, type=AnyResponse))
    assert said(refusal.message, VIETNAMESE) == "No such thing."


def test_a_command_of_an_older_version_gets_the_sentence() -> None:
    line = msgspec.json.decode(msgspec.json.encode(Failed.of(REFUSED)))
    assert line["error"] == str(REFUSED)
    plain = msgspec.json.encode(Failed.of(BadRequest("A sentence.")))
    assert plain == b'{"answer":"failed","error":"A sentence.","exit_code":65}'
