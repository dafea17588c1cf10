// SPDX-License-Identifier: CC0-1.0
// Payroll's side in JavaScript, complete: npm install mqtt; node payroll_subscriber.mjs FILE URL
import { appendFileSync, createReadStream, fstatSync, fsyncSync, openSync, readSync } from "node:fs";
import { createInterface } from "node:readline";
import mqtt from "mqtt";

const [file, url] = process.argv.slice(2);
const ledgers = new Map(); // ledger → { hashes: seq → hash, forks, through, writer }

// The entry in a message or line. Throws where it is none: anybody may send anything.
function read(text) {
  const entry = JSON.parse(text);
  const { ledger, seq } = entry.data;
  const fits = (value, form) => typeof value === "string" && form.test(value);
  if (!fits(ledger, /^[0-9a-f-]{36}$/) || !fits(entry.hash, /^[0-9a-f]{64}$/)) throw Error("no entry");
  if (!Number.isSafeInteger(seq) || seq < 1) throw Error("no seq");
  return entry;
}

// Takes an entry in; returns whether its line belongs into the file: new, or a fork.
function take(entry) {
  const { ledger, seq } = entry.data;
  if (!ledgers.has(ledger)) ledgers.set(ledger, { hashes: new Map(), forks: new Set(), through: 0 });
  const held = ledgers.get(ledger);
  const known = held.hashes.get(seq);
  if (held.writer && held.writer !== entry.topic) throw Error("another gate's ledger: " + ledger);
  if (known === entry.hash || held.forks.has(entry.hash)) return false; // A duplicate: drop it.
  if (seq === 1) held.writer ??= entry.topic;
  if (known === undefined) held.hashes.set(seq, entry.hash);
  else held.forks.add(entry.hash); // The same place, another history: keep both, ask a person.
  while (held.hashes.has(held.through + 1)) held.through += 1;
  return true;
}

const store = openSync(file, "a+");
for await (const line of createInterface({ input: createReadStream(file) })) {
  try {
    if (line) take(read(line));
  } catch {
    console.error("half a line, from a power cut: its entry had no receipt and comes again");
  }
}
const end = Buffer.from("\n");
readSync(store, end, 0, 1, Math.max(0, fstatSync(store).size - 1));
if (end[0] !== 10) appendFileSync(store, "\n"); // Nothing is to be glued to half a line.

const payroll = mqtt.connect(url, { clientId: "payroll", protocolVersion: 5, clean: true });
payroll.on("connect", () => payroll.subscribe("attendance/+/ledger", { qos: 1 }));
payroll.on("error", (error) => console.error(String(error))); // It tries again by itself.
payroll.on("message", (topic, payload) => {
  let entry, fresh;
  try {
    entry = { ...read(payload.toString()), topic };
    fresh = take(entry);
  } catch (error) {
    return console.error("skipped on", JSON.stringify(topic), String(error).slice(0, 200));
  }
  if (fresh) {
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
