// A request and its raw answer, next to each other.
import { attempt, find } from "./page.js";

const FRAMEWORKS = ["WSGI", "Flask", "Django"];

// The paths in the order of FRAMEWORKS; where there is one, the others do not have it.
const ROUTES = [
  { name: "Response", paths: ["/custom", "/flask/custom", "/django/custom"] },
  { name: "PlainTextResponse", paths: ["/text", "/flask/plain", "/django/plain"] },
  { name: "HTMLResponse", paths: ["/html", "/flask/page", "/django/page"] },
  { name: "JSONResponse", paths: ["/json?limit=2", "/flask/json/items", "/django/json/items"] },
  { name: "ORJSONResponse", paths: ["/orjson?limit=2", "/flask/orjson/items", "/django/orjson/items"] },
  { name: "RedirectResponse", paths: ["/redirect", "/flask/old-path", "/django/old-path"] },
  { name: "StreamingResponse", paths: ["/streams/count?pause=0", "/flask/video", "/django/video"] },
  { name: "EventSourceResponse", paths: ["/streams/progress", "/flask/notifications", "/django/notifications"] },
  { name: "EventSourceResponse, taken up", paths: ["/streams/progress"], fields: { "last-event-id": "30" } },
  { name: "JSONLinesResponse", paths: ["/streams/days.jsonl"] },
  { name: "FileResponse", paths: ["/file", "/flask/download", "/django/download"] },
  { name: "FileResponse, a part", paths: ["/file", "/flask/download", "/django/download"], fields: { range: "bytes=0-3" } },
  { name: "FileResponse, beyond its end", paths: ["/file", "/flask/download", "/django/download"], fields: { range: "bytes=99999-" } },
  { name: "FileResponse, two parts", paths: ["/file"], fields: { range: "bytes=0-3,24-33" } },
  { name: "serve_files()", paths: ["/data/weather.csv"] },
  { name: "An error", paths: ["/json?limit=0", "/flask/items/2", "/django/items/2"] },
  { name: "set_cookie()", paths: ["/cookies/set"] },
  { name: "A subclass", paths: ["/subclass"] },
];

const form = find("ask");
const state = find("exchange-state");
const again = find("ask-again");
const controls = [...form.elements].filter(control => control.name);
let latest = 0; // the number of the last request: an answer to an earlier one comes too late
let etag = null;

function choose(button, path, fields = {}) {
  for (const control of controls) control.value = fields[control.name] ?? "";
  form.elements.method.value = "GET";
  form.elements.path.value = path;
  find("fields").open = Object.keys(fields).length > 0;
  for (const other of find("routes").querySelectorAll("button")) other.setAttribute("aria-pressed", other === button);
  // On a phone the answer is far below the list.
  ask().then(() => { if (matchMedia("(max-width: 45rem)").matches) find("answer").scrollIntoView({ block: "nearest" }); });
}

function ask() {
  const number = latest += 1;
  const query = new URLSearchParams();
  for (const control of controls) if (control.value) query.set(control.name, control.value);
  state.value = "Asked …";
  return attempt(state, async () => {
    const response = await fetch(`/raw?${query}`);
    const shown = await response.json();
    if (number === latest) show(shown);
  });
}

function show({ request, response, end, ms, detail }) {
  find("request").textContent = request ?? "";
  find("answer").textContent = response === undefined ? "" : readable(response);
  find("answer").scrollTop = 0;
  etag = response?.split("\r\n\r\n", 1)[0].match(/^ETag: (.*)$/mi)?.[1] ?? null;
  again.disabled = etag === null;
  state.value = detail ? `Refused: ${detail}.` : {
    closed: `All of it, in ${ms} ms.`,
    length: "Its first 65,536 bytes.",
    time: `What came in ${ms} ms; there is more to come.`,
  }[end];
}

/** Return the text of *bytes*, a string with a character for each byte; those that are no UTF-8 as \xff. */
function readable(bytes) {
  const array = Uint8Array.from(bytes, character => character.charCodeAt(0));
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(array);
    return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g, escaped);
  } catch {
    return bytes.replace(/[^\t\r\n -~]/g, escaped);
  }
}

const escaped = character => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;

for (const { name, paths, fields } of ROUTES) {
  const row = document.createElement("div");
  const title = document.createElement("span");
  row.className = "route";
  title.textContent = name;
  row.append(title);
  paths.forEach((path, i) => {
    const button = document.createElement("button");
    button.textContent = FRAMEWORKS[i];
    button.title = path;
    button.setAttribute("aria-label", `${name} of ${FRAMEWORKS[i]}: ${path}`);
    button.onclick = () => choose(button, path, fields);
    row.append(button);
  });
  find("routes").append(row);
}

form.onsubmit = event => {
  event.preventDefault();
  ask();
};

again.onclick = () => {
  form.elements["if-none-match"].value = etag;
  find("fields").open = true;
  ask();
};

ask();
