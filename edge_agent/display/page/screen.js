// The screen: shows what the server tells, in its words. It has no memory of anybody: a card lasts
// some seconds, and after any gap the page begins with nothing.
"use strict";

const SILENT_MS = 5000; // The server says something every second.
const AGAIN_MS = 1000;
const LATE_MS = 1500; // Beyond the usual delay of a message.
const STALE_MS = 3000; // What happened longer ago is no news.
const USUAL = 10; // Messages, of which the quickest tells the usual delay.
const ASLEEP_MS = 2500; // This page does something every second, unless it is frozen.

const at = (id) => document.getElementById(id);
const words = document.body.dataset;

let stream = null;
let heardAt = 0;
let awakeAt = 0;
let sureAt = 0; // Until then no usual delay is known.
let delays = [];
let newest = 0; // Of this connection.
let gate = { notices: [], clock_trusted: true };
let connected = false;
let shown = 0; // The card on the screen; 0: none.
let early = null; // A day that has come while the age of its card was asked for.
let ending = 0;

function say(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

function draw(id, symbol) {
  at(id).firstElementChild.setAttribute("href", `#${symbol}`);
}

function list(id, texts) {
  at(id).replaceChildren(
    ...texts.map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }),
  );
}

function showGate() {
  const away = { tone: "wait", text: words.reconnecting, more: words.lookAtLamps };
  const notices = connected ? gate.notices : [away];
  const [first] = notices;
  const grave = first && first.tone !== "calm" ? first : null;
  at("main").dataset.tone = grave ? grave.tone : "idle";
  draw("idle-sign", grave ? grave.tone : "finger");
  say("idle-text", grave ? grave.text : at("idle-text").dataset.idle);
  say("idle-more", grave ? grave.more : "");
  // A card has the screen to itself, but for what may worry whoever was recorded.
  const good = at("card").dataset.tone === "good";
  const below = shown ? (good ? notices.slice(0, 1) : []) : grave ? notices.slice(1) : notices;
  list("notices", below.map((notice) => notice.text));
  below.forEach((notice, n) => (at("notices").children[n].dataset.tone = notice.tone));
  at("clock").classList.toggle("doubtful", !gate.clock_trusted || !connected);
}

function clear() {
  clearTimeout(ending);
  shown = 0;
  at("card").hidden = true;
  for (const id of ["name", "word", "time", "title"]) say(id, "");
  for (const id of ["lines", "presses"]) list(id, []);
  at("idle").hidden = false;
  showGate();
}

function fit() {
  const card = at("card");
  card.classList.remove("compact");
  card.classList.toggle("compact", card.scrollHeight > card.clientHeight);
}

function stay(ms) {
  clearTimeout(ending);
  ending = setTimeout(clear, ms);
}

function showCard(card, age) {
  shown = card.id;
  at("idle").hidden = true;
  at("card").dataset.tone = card.tone;
  draw("sign", card.tone);
  say("word", card.word ?? "");
  say("time", card.time ?? "");
  const name = card.name ?? "";
  at("name").className = name.length > 44 ? "longest" : name.length > 22 ? "long" : "";
  say("name", name);
  say("title", card.title);
  list("lines", card.lines ?? []);
  at("picture").toggleAttribute("hidden", !card.picture);
  if (card.picture) draw("picture", card.picture);
  at("day").hidden = true;
  list("presses", []);
  at("card").hidden = false;
  showGate();
  fit();
  stay(Math.max(0, card.stays_ms - age));
  if (early) showDay(early);
}

function showDay(day) {
  early = day.id === shown ? null : day;
  if (early) return;
  if (day.lines) list("lines", day.lines);
  if (day.presses) {
    say("day-title", day.title);
    list("presses", day.presses);
    at("day").hidden = false;
  }
  fit();
  stay(day.stays_ms);
}

// After a gap what comes first may have waited long, and nothing tells but the server.
function awake() {
  const now = Date.now();
  if (now - awakeAt > ASLEEP_MS || now < awakeAt) {
    delays = [];
    sureAt = now + ASLEEP_MS;
  }
  awakeAt = now;
}

// How much later than usual a message has come: the clocks differ, but by the same each time.
function lateness(message) {
  const delay = Date.now() - message.t;
  delays = [...delays.slice(1 - USUAL), delay];
  return Date.now() < sureAt ? Infinity : delay - Math.min(...delays);
}

async function whenNew(card) {
  let age = lateness(card);
  newest = card.id;
  if (age > LATE_MS) {
    // Held up on the way, or this page was frozen, or a clock was set.
    try {
      age = Number(await (await fetch("/now", { cache: "no-store" })).text()) - card.t;
    } catch {
      return;
    }
  }
  if (age < STALE_MS && card.id === newest) showCard(card, age);
}

function hear(event) {
  awake();
  heardAt = Date.now();
  const message = JSON.parse(event.data);
  if (!connected) {
    connected = true;
    clear();
  }
  switch (message.kind) {
    case "tick":
      lateness(message);
      say("clock", message.clock);
      say("date", message.date);
      break;
    case "gate":
      gate = message;
      showGate();
      break;
    case "card":
      whenNew(message);
      break;
    case "day":
      showDay(message);
      break;
  }
}

function connect() {
  if (stream) stream.close();
  awakeAt = 0;
  awake();
  newest = 0;
  heardAt = Date.now();
  stream = new EventSource("/events");
  stream.onmessage = hear;
  stream.onerror = lost;
}

function lost() {
  if (connected) {
    connected = false;
    clear();
  } else {
    showGate();
  }
}

setInterval(() => {
  awake();
  const silent = Date.now() - heardAt;
  const closed = stream.readyState === EventSource.CLOSED && silent > AGAIN_MS;
  // Also after this page was asleep: what was sent meanwhile belongs to the past.
  if (closed || silent > SILENT_MS || silent < 0) {
    lost();
    connect();
  }
}, AGAIN_MS);

// Gone from sight and back again: begin anew rather than show what was left standing.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") clear();
});

connect();
