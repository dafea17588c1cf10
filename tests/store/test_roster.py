"""Payroll's word on the workers, in the database."""

from pathlib import Path

from edge_agent.domain.people import Employment, Worker
from edge_agent.domain.roster import Applied, Refusal

from .ledgers import open_store


def test_both_words_are_kept(tmp_path: Path) -> None:
    listed = Employment(active=False, valid_from="2026-03-01", valid_to=None)
    workers = [
        Worker(code="1", name="own"),
        Worker(code="2", name="both", active=False, listed=listed),
    ]
    in_force = Applied(7, b"d" * 32, Refusal.OLDER, b"r" * 32)
    store = open_store(tmp_path)
    assert store.roster() == Applied()
    with store.changing() as change:
        for worker in workers:
            change.put_worker(worker)
        change.put_roster(in_force)
    store.close()

    again = open_store(tmp_path)
    assert again.workers() == workers
    assert again.worker("2") == workers[1]
    assert again.roster() == in_force
    again.close()
