# SPDX-License-Identifier: CC0-1.0
"""Payroll's side, complete: keep every entry once, answer with how far nothing is missing."""

import json
import sqlite3
import sys

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTProtocolVersion

db = sqlite3.connect(sys.argv[1])
for table, key in ("entries", "ledger, seq"), ("forks", "ledger, seq, hash"):  # Ask a person.
    columns = f"ledger, seq, hash, topic, wire, UNIQUE ({key})"
    db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
find = "SELECT hash, topic FROM entries WHERE ledger = ? AND seq = ?"
held = {}  # ledger → how far nothing is missing, and that entry's hash; found anew at a start


def on_message(client, _, message):
    entry, own = json.loads(message.payload), message.topic
    ledger, seq, digest = entry["data"]["ledger"], entry["data"]["seq"], entry["hash"]
    first = db.execute(find, (ledger, 1)).fetchone()
    if not set(ledger) <= set("0123456789abcdef-") or (first and first[1] != own):
        raise ValueError(f"no ledger, or another gate's: {ledger!r:.50} on {own}")
    with db:  # One transaction, committed before the receipt goes out.
        known = db.execute(find, (ledger, seq)).fetchone()
        table = "forks" if known and known[0] != digest else "entries"
        row = (ledger, seq, digest, own, message.payload.decode())
        db.execute(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?, ?)", row)
    through, last = held.get(ledger, (0, None))
    while following := db.execute(find, (ledger, through + 1)).fetchone():
        held[ledger] = through, last = through + 1, following[0]
    if through:
        receipt = json.dumps({"ledger": ledger, "through": through, "hash": last})
        client.publish(f"{own[:-6]}receipts/{ledger}", receipt, qos=1, retain=True)


payroll = Client(CallbackAPIVersion.VERSION2, "payroll", protocol=MQTTProtocolVersion.MQTTv5)
payroll.enable_logger()
payroll.suppress_exceptions = True  # Anybody may send what is no entry: logged, and passed over.
payroll.on_connect = lambda client, *_: client.subscribe("attendance/+/ledger", qos=1)
payroll.on_message = on_message
payroll.connect_async(sys.argv[2], int(sys.argv[3]))
payroll.loop_forever(retry_first_connection=True)  # The broker may come up later.
