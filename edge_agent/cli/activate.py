"""``edge-agent workers activate``: who is refused, is to leave or has left punches again."""

from typing import Any

from ..contract.errors import EdgeAgentError
from ..contract.language import Message, say
from ..gate.people.refusals import refuse_return
from ..gate.people.requests import ActivateWorker
from ..gate.settings.schema import Settings
from .carry_out import carry_out
from .complete import code_argument
from .help import command
from .options import as_json, with_settings, yes_option
from .show import print_json, who
from .tell import confirm, somebody_types, tell
from .worker_words import ask_if_left, fingers_of, refuse_beforehand, tell_back, tell_stays


@command(name="activate", help="help.workers-activate")
@code_argument
@yes_option
@as_json
@with_settings
def activate(settings: Settings, code: str, yes: bool, as_json: bool) -> None:
    refuse_beforehand(settings, code, refuse_return)
    ask_if_left(settings, code, yes, activated=True)
    try:
        result = carry_out(settings, ActivateWorker(code=code, same_person=yes))
    except EdgeAgentError as error:  # The daemon's own, or what is raised here without one.
        if error.message.name != "people.held-for" or not somebody_types():
            raise
        confirm(say("people.same-person-asks", **error.message.fields))
        result = carry_out(settings, ActivateWorker(code=code, same_person=True))
    if as_json:
        print_json(result)
        return
    told = {"code": result["code"], "name": result["name"]}
    if result.get("dropped"):  # A daemon of an older version does not tell, as below.
        tell_stays(result)
        return
    if result.get("back"):
        _tell_called_back(result)
        return
    if result["fingers"]:
        tell(say("people.active-with", fingers=fingers_of(result["fingers"]), **told))
    else:
        tell(say("people.active-without", **told))
    if refused := result.get("refused"):
        lines = [Message("people.add-refused", code=told["code"], at=at) for at in refused]
        tell(say("people.refused-meanwhile", count=len(refused), lines=lines))
    if day := result.get("leaves_after"):
        tell(say("people.still-leaves", day=day, **told))


def _tell_called_back(result: dict[str, Any]) -> None:
    """That they are at work again, and how they get by what they punch: all of it was erased."""
    code = result["code"]
    tell_back({**result, "worker": code}, who(code, {code: result["name"]}))
    tell(say("people.back-by-nothing", code=code))
    if sealed := result["sealed"]:
        restore = Message("backup.bring-back-any")
        tell(say("people.back-by-backup", code=code, count=len(sealed), restore=restore))
