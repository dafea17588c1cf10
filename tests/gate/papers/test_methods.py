"""Refusals and waiting by method, from the ledger."""

from msgspec import UNSET, structs

from edge_agent.contract.facts import AttemptRefused, Method
from edge_agent.contract.stamps import ClockState
from edge_agent.gate.papers.methods import by_method
from edge_agent.gate.rules import Match
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import LANS, Site
from tests.gate.ledger.ledgers import punch


def refused(site: Site, method: Method | None = None, reason: str = "unknown") -> None:
    told = UNSET if method is None else method
    site.gate.record(
        AttemptRefused(reason=reason, hint=None, worker=None, suppressed=0, method=told)
    )


def taken(site: Site, method: Method) -> None:
    site.gate.record(structs.replace(punch(), method=method))


def test_each_way_is_counted_for_itself() -> None:
    site = Site()
    for _ in range(3):
        taken(site, Method.FINGER)
        site.clock.now += 100
    taken(site, Method.CARD)
    refused(site)
    site.clock.now += 4
    taken(site, Method.FINGER)
    site.clock.now += 500
    refused(site, Method.READER)
    refused(site, Method.PIN, "wrong-pin")
    site.clock.now += 10
    taken(site, Method.PIN)
    found = {one.method: one for one in by_method(site.store.data())}
    finger, pin, card = found["finger"], found["pin"], found["card"]
    assert (finger.taken, finger.refused, finger.share) == (4, {"unknown": 1}, 20.0)
    assert (finger.again, finger.waited_s, finger.waited_most_s) == (1, 4.0, 4.0)
    assert (pin.taken, pin.refused, pin.again, pin.waited_s) == (1, {"wrong-pin": 1}, 1, 10.0)
    assert (card.taken, card.refused, card.again) == (1, {}, 0)
    assert found["reader"].share == 100.0


def test_waiting_is_from_the_first_refusal_to_the_press_that_was_taken() -> None:
    site = Site()
    for _ in range(3):
        refused(site)
        site.clock.now += 5
    taken(site, Method.FINGER)
    [finger] = by_method(site.store.data())
    assert (finger.again, finger.waited_s) == (1, 15.0)


def test_somebody_who_comes_later_is_another() -> None:
    site = Site()
    refused(site)
    site.clock.now += 61
    taken(site, Method.FINGER)
    refused(site)
    known = site.clock.stamp()
    site.clock.stamp = lambda: structs.replace(  # type: ignore[method-assign]
        known, boot="another", boottime_ms=5, state=ClockState.UNSYNCED, uncertainty_ms=None
    )
    taken(site, Method.FINGER)
    [finger] = by_method(site.store.data())
    assert (finger.again, finger.waited_s) == (0, None)


def test_what_the_gate_itself_writes_is_understood() -> None:
    site = Site()
    credit = Credit(site.gate, site.panel, lambda: False)
    credit.match(Match(9, 90), site.clock.stamp())
    site.clock.now += 3
    credit.match(Match(LANS.slot, 90), site.clock.stamp())
    [finger] = by_method(site.store.data())
    assert (finger.taken, finger.again, finger.waited_s) == (1, 1, 3.0)
