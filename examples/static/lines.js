// JSON lines, shown as they arrive.
import { find } from "./page.js";

const SHOWN = 8;

const [start, stop, state, days] = ["lines-start", "lines-stop", "lines-state", "days"].map(find);
let controller = null;

async function run() {
  controller = new AbortController();
  [start.disabled, stop.disabled] = [true, false];
  days.replaceChildren();
  const began = performance.now();
  let count = 0, first = null, rain = 0;
  const tell = text => { state.value = `${text}${count} days, ${rain.toFixed(2)} mm; the first after ${first ?? "…"} ms.`; };
  try {
    const response = await fetch("/streams/days.jsonl?pause=5", { signal: controller.signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    for await (const line of linesOf(response.body)) {
      const day = JSON.parse(line);
      first ??= Math.round(performance.now() - began);
      count += 1;
      rain += day.rain;
      show(day);
      tell("");
    }
    tell("All: ");
  } catch (error) {
    tell(controller.signal.aborted ? "Stopped: " : `Broken off (${error.message}): `);
  }
  [start.disabled, stop.disabled] = [false, true];
}

/** Yield the lines of *body* as they come. */
async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}

function show({ date, low, high, rain }) {
  const row = days.insertRow();
  for (const value of [date, `${low.toFixed(2)} °C`, `${high.toFixed(2)} °C`, `${rain.toFixed(2)} mm`]) row.insertCell().textContent = value;
  if (days.rows.length > SHOWN) days.deleteRow(0);
}

start.onclick = run;
stop.onclick = () => controller.abort();
