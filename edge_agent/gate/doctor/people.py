"""Who can be recognised here, as ``status`` tells it too."""

from ...contract.language import together
from ..erasure import disputes
from ..sealed_backups import NextBackup
from .context import CheckContext, check
from .findings import Judgement, Sentence, State, passed_on

NOBODY_KNOWN = Sentence(State.WARN, "doctor.nobody-known")
NO_PRINTS = Sentence(State.WARN, "doctor.no-prints")
PRINTS_HELD_BACK = Sentence(State.WARN, "doctor.prints-held-back")
WITHOUT_CONSENT = Sentence(State.WARN, "doctor.prints-without-consent")


@check("workers")
def workers(context: CheckContext) -> Judgement | None:
    """Whether anybody is recognised, whose prints are held back for a code of another name, and
    whose are refused for want of a consent."""
    if (told := context.told) is None:
        return None
    if not told["sensor"]["prints"] and (count := told.get("workers")):
        templates = NextBackup.told(told)
        if told.get("credentials") == 0:  # Not told by older versions.
            return NOBODY_KNOWN(count=count, back=templates.bring_back)
        if templates.newest:
            return NO_PRINTS(back=templates.bring_back)
    if codes := told.get("held_back"):
        return PRINTS_HELD_BACK(codes=codes)
    refused = told.get("without_consent")
    return WITHOUT_CONSENT(codes=refused) if refused else None


@check("leavers")
def leavers(context: CheckContext) -> Judgement | None:
    """Of whose leaving gate and payroll say different things."""
    told = together(*disputes(context.told or {}))
    return passed_on(State.WARN, told) if told else None
