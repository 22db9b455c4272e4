// A piece of work with its progress, over several connections.
import { find } from "./page.js";

const [bar, state, start] = ["bar", "progress-state", "progress-start"].map(find);

function run() {
  let connections = 0, rain = 0;
  const source = new EventSource("/streams/progress");
  const tell = text => { state.value = `${text} Connections: ${connections}.`; };
  start.disabled = true;
  bar.value = 0;
  source.onopen = () => { connections += 1; tell("Connected."); };
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) start.disabled = false;
    tell(start.disabled ? "Waiting to connect again." : "The server refused.");
  };
  source.addEventListener("start", event => { bar.max = JSON.parse(event.data).months; });
  source.addEventListener("month", event => {
    const month = JSON.parse(event.data);
    rain += month.rain;
    bar.value += 1;
    tell(`${month.month}: ${rain.toFixed(2)} mm so far.`);
  });
  source.addEventListener("done", () => {
    source.close();
    start.disabled = false;
    tell(`Done: ${rain.toFixed(2)} mm.`);
  });
  addEventListener("pagehide", () => source.close());
}

start.onclick = run;
