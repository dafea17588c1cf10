"""Topic names are payroll's: they may not change."""

from edge_agent.contract.messages import Topics


def test_topics() -> None:
    topics = Topics("attendance", "main-gate")
    assert topics.ledger == "attendance/main-gate/ledger"
    assert topics.status == "attendance/main-gate/status"
    assert topics.commands == "attendance/main-gate/commands"
    assert topics.replies == "attendance/main-gate/replies"
    assert topics.receipts("0f3a") == "attendance/main-gate/receipts/0f3a"
