# SPDX-License-Identifier: CC0-1.0
"""Check an exported ledger, from the contract alone: python verify_export.py LEDGER.jsonl

Prints where the ledger begins and ends, or names the first entry that is altered, missing or out
of place. Compare the last hash with payroll's receipt: a file that was cut off is whole in itself.
"""

import hashlib
import json
import sys


def canonical(value):
    """RFC 8785, for what the contract allows: integers and text, no fractions."""
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(k)}:{canonical(v)}" for k, v in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        raise ValueError("a number is no integer")
    return json.dumps(value, ensure_ascii=False)


def check(entry, data, ledger, seq, prevhash):
    """What is wrong with the entry that should follow ``prevhash`` as number ``seq``."""
    if (data["ledger"], data["seq"]) != (ledger, seq):
        return f"here stands entry {data['seq']} of ledger {data['ledger']}"
    if entry["prevhash"] != prevhash:
        return "it does not follow the entry before it"
    digest = hashlib.sha256(bytes.fromhex(prevhash) + canonical(data).encode()).hexdigest()
    if entry["hash"] != digest:
        return "its data was altered"
    kind = f"vn.htx.attendance.{data['kind']}.v1"
    envelope = (entry["id"], entry["type"], entry.get("time"), entry.get("subject"))
    if envelope != (f"{ledger}:{seq}", kind, data["at"], data.get("worker")):
        return "its envelope does not belong to its data"


def main(path):
    ledger = first = seq = prevhash = None
    with open(path, "rb") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
                data = entry["data"]
                if first is None:  # The first of all, or the one before it was pruned.
                    ledger, first, seq = data["ledger"], data["seq"], data["seq"] - 1
                    prevhash = entry["prevhash"] if seq else "0" * 64
                wrong = check(entry, data, ledger, seq + 1, prevhash)
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                wrong = f"it cannot be read ({error})"
            if wrong:
                sys.exit(f"entry {(seq or 0) + 1} is altered, missing or out of place: {wrong}")
            seq, prevhash = seq + 1, entry["hash"]
    if seq is None:
        sys.exit("there is no entry in it")
    print(f"ledger {ledger}: entries {first} to {seq} are unbroken; the last hash is {prevhash}")


main(sys.argv[1])
