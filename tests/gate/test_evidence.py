"""What an entry says of a finger, as anybody who has the opening can reckon it."""

import hashlib
import json

from msgspec import structs

from edge_agent.gate.evidence import Evidence, Opening

EVIDENCE = Evidence(finger="right-index", slot=17, generation=2, score=112)


def test_the_hash_is_that_of_salt_and_canonical_json() -> None:
    opening = Opening(worker="NV0042", evidence=EVIDENCE, salt=b"0123456789abcdef")
    text = json.dumps(
        {"finger": "right-index", "slot": 17, "generation": 2, "score": 112},
        sort_keys=True,
        separators=(",", ":"),
    )
    assert opening.hash == hashlib.sha256(b"0123456789abcdef" + text.encode()).hexdigest()


def test_two_presses_of_one_finger_have_nothing_in_common() -> None:
    one = Opening(worker="NV0042", evidence=EVIDENCE, salt=bytes(16))
    assert one.hash != structs.replace(one, salt=bytes(15) + b"\x01").hash
