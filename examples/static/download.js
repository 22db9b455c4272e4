// A download that can be paused and continued, and is compared in the end with what the server says of the whole.
import { clear, find, megabytes, tell } from "./page.js";

const FASTEST = 4e6; // bytes a second

const [bar, state, requests] = ["download-bar", "download-state", "download-requests"].map(find);
const [start, pause, resume] = ["download-start", "download-pause", "download-continue"].map(find);

let pieces, received, length, etag, digest;
let controller = null;

function begin() {
  [pieces, received, length, etag, digest] = [[], 0, null, null, null];
  clear(requests);
  go();
}

async function go() {
  controller = new AbortController();
  [start.disabled, pause.disabled, resume.disabled] = [true, false, true];
  pause.focus();
  try {
    await take(controller.signal);
    await compare();
    [start.disabled, pause.disabled, resume.disabled] = [false, true, true];
    start.focus();
  } catch (error) {
    const what = controller.signal.aborted ? "Paused" : `Broken off (${error.message})`;
    state.value = `${what} at ${megabytes(received)}.`;
    [start.disabled, pause.disabled, resume.disabled] = [false, true, false];
    resume.focus();
  }
}

/** Take what is missing, until the signal says that it is enough for now. */
async function take(signal) {
  const headers = received ? { Range: `bytes=${received}-`, "If-Range": etag } : {};
  const response = await fetch("/tones.wav?take", { headers, signal, cache: "no-store" });
  const part = response.headers.get("Content-Range");
  tell(requests, `${headers.Range ?? "Without a Range"}: ${response.status}${part ? `, ${part}` : ""}.`);
  if (response.status === 200) {
    // The first request, or another version: what there is of the old one is worth nothing.
    [pieces, received, length] = [[], 0, Number(response.headers.get("Content-Length"))];
  } else if (response.status !== 206) {
    throw new Error(`status ${response.status}`);
  }
  etag = response.headers.get("ETag");
  digest = response.headers.get("Repr-Digest");
  const began = performance.now() - 1000 * received / FASTEST;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    received += value.length;
    [bar.max, bar.value] = [length, received];
    state.value = `${megabytes(received)} of ${megabytes(length)}.`;
    await new Promise(resolve => setTimeout(resolve, began + 1000 * received / FASTEST - performance.now()));
    signal.throwIfAborted();
  }
}

/** Say whether the SHA-256 of all pieces is the one that the server sent (RFC 9530, Repr-Digest). */
async function compare() {
  if (!isSecureContext) throw new Error("to compare it, a page must be this machine's own, or come over HTTPS");
  const whole = await new Blob(pieces).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
  const isEqual = digest === `sha-256=:${btoa(String.fromCharCode(...hash))}:`;
  const text = Array.from(hash, byte => byte.toString(16).padStart(2, "0")).join("");
  state.value = `${megabytes(whole.byteLength)}, ${isEqual ? "equal to" : "NOT"} the original: SHA-256 ${text}.`;
  pieces = [];
}

start.onclick = begin;
resume.onclick = go;
pause.onclick = () => controller.abort();
