// SPDX-License-Identifier: CC0-1.0
// Payroll's side in JavaScript, complete: npm install mqtt; node payroll_subscriber.mjs FILE URL
import { appendFileSync, existsSync, fsyncSync, openSync, readFileSync } from "node:fs";
import mqtt from "mqtt";

const [file, url] = process.argv.slice(2);
const ledgers = new Map(); // ledger → { hashes: seq → hash, through }

// The entry in a message. Throws where it is none: anybody may send anything.
function read(payload) {
  const entry = JSON.parse(payload.toString());
  const { ledger, seq } = entry.data;
  if (!/^[0-9a-f-]{36}$/.test(ledger) || !/^[0-9a-f]{64}$/.test(entry.hash)) throw Error("no entry");
  if (!Number.isSafeInteger(seq) || seq < 1) throw Error("no seq");
  return entry;
}

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
for (const line of lines.filter(Boolean)) {
  try {
    take(read(line));
  } catch {
    console.error("half a line, from a power cut: its entry had no receipt and comes again");
  }
}
const store = openSync(file, "a");
if (lines.at(-1)) appendFileSync(store, "\n"); // Nothing is to be glued to half a line.

const payroll = mqtt.connect(url, { clientId: "payroll", protocolVersion: 5, clean: true });
payroll.on("connect", () => payroll.subscribe("attendance/+/ledger", { qos: 1 }));
payroll.on("message", (topic, payload) => {
  let entry;
  try {
    entry = read(payload);
  } catch (error) {
    return console.error("skipped on", JSON.stringify(topic), String(error).slice(0, 200));
  }
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
