"""What the log says of what arrives: to be seen, and bounded."""

import logging

import pytest

from edge_agent.receiver import telling
from edge_agent.receiver.accept import Tip
from edge_agent.receiver.messages import Batch
from edge_agent.receiver.store import BatchResult, LedgerProgress


def test_a_press_a_second_is_told_six_times_a_minute_and_then_summed(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(telling.time, "monotonic", lambda: now[0])
    caplog.set_level(logging.INFO)
    teller = telling.Teller()
    for seq in range(1, 41):
        now[0] += 1
        progress = LedgerProgress("a", "main-gate", Tip(seq, "x"), range(0))
        teller.tell(BatchResult(1, 0, [progress], new_of={"a": 1}))
        teller.tell_messages(Batch())
    assert len(caplog.messages) == 6
    now[0] += 60
    teller.tell_messages(Batch())
    assert caplog.messages[6:] == ["received gate=main-gate ledger=a entries=34"]
