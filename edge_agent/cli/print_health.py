"""What ``edge-agent prints health`` shows: whose finger wears, and whether the glass is dirty."""

from contextlib import closing

from msgspec import to_builtins

from ..contract.language import say
from ..contract.people import Print
from ..gate.daemon.assembly import Assembly
from ..gate.ledger.print_watch import PrintStanding, PrintWatch
from ..gate.print_health import FEWEST, TOGETHER_S, Week, weekly
from ..gate.settings.schema import Settings
from .show import print_json, print_table
from .tell import tell

_WEEKS_SHOWN = 3

_Weeks = dict[tuple[int, int], list[Week]]


def show_health(settings: Settings, *, as_json: bool) -> None:
    """Print it, the worst first, and then what to do."""
    with closing(Assembly(settings).store_for_reading()) as store:
        watch = PrintWatch(store, settings.sensor)
        weeks = weekly(press for press, _ in watch.read())
        standing = watch.standing()
        names = {worker.code: worker.name for worker in store.workers()}
    if as_json:
        _print_json(standing, weeks)
        return
    print_table(
        ("code", "name", "finger", "score", "usual", "weeks", "likely-refused", "state"),
        (
            (
                one.worker,
                names[one.worker],
                say("people.finger", finger=one.finger),
                health.score,
                health.usual,
                " ".join(str(week.score) for week in _of(weeks, one)[-_WEEKS_SHOWN:]),
                health.refused or None,
                say(f"people.print-{health.state}"),
            )
            for one, health in standing.prints
        ),
        empty=say("people.no-prints"),
    )
    if standing.prints:
        tell(say("people.health-columns", presses=FEWEST, weeks=_WEEKS_SHOWN))
    if any(health.refused for _, health in standing.prints):
        tell(say("people.likely-refused", seconds=TOGETHER_S))
    if standing.dirty:
        tell(say("people.glass-dirty"))
    for one in standing.worn:
        tell(say("people.enrol-anew", code=one.worker, finger=one.finger))


def _print_json(standing: PrintStanding, weeks: _Weeks) -> None:
    prints = [
        {**to_builtins(one), **to_builtins(health), "weeks": _of(weeks, one)}
        for one, health in standing.prints
    ]
    print_json({"glass_dirty": standing.dirty, "prints": prints})


def _of(weeks: _Weeks, one: Print) -> list[Week]:
    return weeks.get((one.slot, one.generation), [])
