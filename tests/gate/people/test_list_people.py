"""Who is known and by what, a few at a time."""

from edge_agent.contract.people import Worker
from edge_agent.gate.people.requests import AskPeople
from tests.gate.fakes import Site
from tests.gate.people.asking import ask


def test_each_is_told_once_with_fingers_and_whether_the_gate_refuses_them() -> None:
    site = Site()
    with site.store.changing() as change:
        for number in range(300):
            change.put_worker(Worker(code=f"NV{number:03}", name="Lò"))
    told, after, more = [], "", True
    while more:
        answer = ask(site.gate, AskPeople(after=after))
        told += answer["people"]
        after, more = told[-1]["code"], answer["more"]
    assert [one["code"] for one in told] == sorted(site.gate.known.workers)
    lan, hoa = told[:2]
    assert (lan["fingers"], lan["deactivated"]) == (["right-index"], False)
    assert (hoa["fingers"], hoa["deactivated"]) == (["right-thumb"], True)
