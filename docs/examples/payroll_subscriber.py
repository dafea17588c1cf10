# SPDX-License-Identifier: CC0-1.0
"""Payroll's side, complete: keep every entry once, answer with how far nothing is missing."""

import json
import sqlite3
import sys

from paho.mqtt.client import CallbackAPIVersion, Client, MQTTProtocolVersion

db = sqlite3.connect(sys.argv[1])
db.execute("CREATE TABLE IF NOT EXISTS entries (ledger, seq, hash, wire, UNIQUE (ledger, seq))")
db.execute("CREATE TABLE IF NOT EXISTS forks (ledger, seq, hash, wire, UNIQUE (ledger, seq, hash))")
held = {}  # ledger → how far nothing is missing, and that entry's hash; found anew at a start


def on_message(client, _, message):
    entry = json.loads(message.payload)
    ledger, seq, digest = entry["data"]["ledger"], entry["data"]["seq"], entry["hash"]
    find = "SELECT hash FROM entries WHERE ledger = ? AND seq = ?"
    with db:  # One transaction, committed before the receipt goes out.
        known = db.execute(find, (ledger, seq)).fetchone()
        table = "entries" if known in (None, (digest,)) else "forks"  # There: ask a person.
        row = (ledger, seq, digest, message.payload.decode())
        db.execute(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?)", row)
    through, last = held.get(ledger, (0, None))
    while following := db.execute(find, (ledger, through + 1)).fetchone():
        held[ledger] = through, last = through + 1, following[0]
    if through:
        receipt = json.dumps({"ledger": ledger, "through": through, "hash": last})
        topic = message.topic.removesuffix("ledger") + f"receipts/{ledger}"
        client.publish(topic, receipt, qos=1, retain=True)


payroll = Client(CallbackAPIVersion.VERSION2, "payroll", protocol=MQTTProtocolVersion.MQTTv5)
payroll.enable_logger()
payroll.suppress_exceptions = True  # Anybody may send what is no entry: logged, and passed over.
payroll.on_connect = lambda client, *_: client.subscribe("attendance/+/ledger", qos=1)
payroll.on_message = on_message
payroll.connect(sys.argv[2], int(sys.argv[3]))
payroll.loop_forever()
