"""The slip that a worker signs is in one language, and says which text it is."""

import re

import pytest

from edge_agent.cli.consent import slip
from edge_agent.gate.people.consent_text import consent_text


@pytest.mark.parametrize(
    ("text", "own", "other"), [("vi-1", "Tôi đồng ý", "I agree"), ("en-1", "I agree", "Tôi đồng ý")]
)
def test_a_slip(text: str, own: str, other: str) -> None:
    made = slip(consent_text(text), "NV0042", "Nguyễn <Thị> Hoa")
    assert own in made
    assert other not in made
    assert f'<html lang="{text[:2]}">' in made
    assert consent_text(text).hash in made
    assert "Nguyễn &lt;Thị&gt; Hoa" in made
    for paragraph in consent_text(text).body.strip().split("\n\n"):
        assert paragraph in re.sub("</?b>", "", made).replace("&#x27;", "'")
