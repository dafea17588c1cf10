"""``edge-agent enroll``: a finger of a worker, guided by the sensor."""

from functools import partial
from typing import Any

import click

from ..contract.language import say
from ..gate.people.requests import Enroll
from ..gate.settings.schema import Settings
from .carry_out import carry_out, names_of, who
from .complete import code_argument, finger_option
from .help import command
from .options import as_json, with_settings
from .show import print_json
from .tell import tell
from .words import tell_enrolment


@command(help="help.enroll")
@code_argument
@finger_option
@click.option("--replace", is_flag=True, help="help.enroll-replace")
@as_json
@with_settings
def enroll(settings: Settings, code: str, finger: str, replace: bool, as_json: bool) -> None:
    names = names_of(settings)
    whose = say("people.finger-whose", finger=finger, whose=who(code, names))
    steps = partial(tell_enrolment, whose)
    result = carry_out(settings, Enroll(code=code, finger=finger, replace=replace), steps)
    if as_json:
        print_json(result)
    else:
        _tell_enrolled(result, who(result["worker"], names))


def _tell_enrolled(result: dict[str, Any], whose: str) -> None:
    enrolled = "people.enrolled-anew" if result.get("replaced") else "people.enrolled"
    tell(say(enrolled, finger=result["finger"], whose=whose, slot=result["slot"]))
    if "score" not in result:  # A daemon that has not been started anew since the last update.
        return
    tell(say("score.proof", score=result["score"], quality=result["quality"]))
    if result["quality"] == "weak":
        tell(say("score.weak-advice", code=result["worker"]))
    if (finger := result["next"]) is not None:
        tell(say("people.other-hand", code=result["worker"], finger=finger))
