// SPDX-License-Identifier: CC0-1.0
// Payroll's side in JavaScript, complete: npm install mqtt; node payroll_subscriber.mjs FILE URL
import { appendFileSync, existsSync, fsyncSync, openSync, readFileSync } from "node:fs";
import mqtt from "mqtt";

const [file, url] = process.argv.slice(2);
const ledgers = new Map(); // ledger → { hashes: seq → hash, through }

// Takes an entry in; returns whether its line belongs into the file: new, or a fork.
function take(entry) {
  const { ledger, seq } = entry.data;
  if (!ledgers.has(ledger)) ledgers.set(ledger, { hashes: new Map(), forks: new Set(), through: 0 });
  const held = ledgers.get(ledger);
  const known = held.hashes.get(seq);
  if (known === entry.hash || held.forks.has(entry.hash)) return false; // A duplicate: drop it.
  if (known === undefined) held.hashes.set(seq, entry.hash);
  else held.forks.add(entry.hash); // The same place, another history: keep both, ask a person.
  while (held.hashes.has(held.through + 1)) held.through += 1;
  return true;
}

const lines = existsSync(file) ? readFileSync(file, "utf-8").split("\n") : [];
for (const line of lines.filter(Boolean)) take(JSON.parse(line));
const store = openSync(file, "a");

const payroll = mqtt.connect(url, { clientId: "payroll", protocolVersion: 5, clean: true });
payroll.on("connect", () => payroll.subscribe("attendance/+/ledger", { qos: 1 }));
payroll.on("message", (topic, payload) => {
  const entry = JSON.parse(payload.toString());
  if (take(entry)) {
    appendFileSync(store, JSON.stringify(entry) + "\n");
    fsyncSync(store); // On disk before the receipt goes out.
  }
  const { ledger } = entry.data;
  const { hashes, through } = ledgers.get(ledger);
  if (!through) return;
  const receipt = JSON.stringify({ ledger, through, hash: hashes.get(through) });
  const to = topic.replace(/ledger$/, `receipts/${ledger}`);
  payroll.publish(to, receipt, { qos: 1, retain: true });
});
