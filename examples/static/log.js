// The log of the server, and what becomes of its stream when it is paused, and when the worker is replaced.
import { attempt, find, tell } from "./page.js";

const lines = find("log");
const check = find("log-check");
const [pause, resume] = [find("log-pause"), find("log-continue")];

let source = null;
let lastId = null; // of the last line that was shown: its run, and its number
let brokeAt = null;
const count = { shown: 0, missed: 0, repeated: 0 };

const numberOf = id => Number(id.slice(id.lastIndexOf("-") + 1));
const runOf = id => id.slice(0, id.lastIndexOf("-"));
const known = number => number === 0 ? "none" : String(number);

function open() {
  // An EventSource that is made anew knows of no id; one that comes back by itself sends it as Last-Event-ID.
  source = new EventSource(lastId === null ? "/streams/log" : `/streams/log?${new URLSearchParams({ last_id: lastId })}`);
  source.addEventListener("worker", event => connected(JSON.parse(event.data)));
  source.addEventListener("line", show);
  source.onerror = broken;
  [pause.disabled, resume.disabled] = [false, true];
}

function connected({ worker, after, by_field: byField }) {
  const from = after === null ? "from the first line that is kept"
    : `after line ${numberOf(after)}, by ${byField ? "Last-Event-ID" : "?last_id"}`;
  const waited = brokeAt === null ? "" : `, ${Math.round(performance.now() - brokeAt)} ms after the farewell`;
  brokeAt = null;
  tell(find("connections"), `Worker ${worker}, ${from}${waited}.`);
  report();
}

function show(event) {
  const number = numberOf(event.lastEventId);
  if (lastId !== null && runOf(event.lastEventId) === runOf(lastId)) {
    const step = number - numberOf(lastId);
    if (step < 1) count.repeated += 1;
    else count.missed += step - 1;
  }
  lastId = event.lastEventId;
  count.shown += 1;
  const isAtEnd = lines.scrollTop + lines.clientHeight > lines.scrollHeight - 8;
  lines.append(`${number} ${event.data}\n`);
  while (lines.childNodes.length > 500) lines.firstChild.remove();
  if (isAtEnd) lines.scrollTop = lines.scrollHeight;
  report();
}

function broken() {
  brokeAt ??= performance.now();
  if (source.readyState === EventSource.CLOSED) close("The server refused.");
  else report("The stream has ended; the browser connects again.");
}

function close(why) {
  source.close();
  [pause.disabled, resume.disabled] = [true, false];
  report(why);
}

function report(state = "Connected.") {
  check.value = `${state} Lines: ${count.shown}, missed: ${known(count.missed)}, repeated: ${known(count.repeated)}.`;
}

function restart() {
  const state = find("restart-state");
  return attempt(state, async () => {
    const response = await fetch("/restart", { method: "POST" });
    const { worker, detail } = await response.json();
    state.value = response.ok ? `Worker ${worker} has asked for another.` : `Refused: ${detail}.`;
  });
}

pause.onclick = () => {
  brokeAt = null;
  close("Paused.");
  resume.focus();
};
resume.onclick = () => {
  open();
  pause.focus();
};
find("restart").onclick = restart;
// A page that was left may be kept for whoever goes back, and its connections with it.
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", event => { if (event.persisted && resume.disabled) open(); });
open();
