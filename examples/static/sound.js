// A sound in which one can seek, and what the browser asked for.
import { attempt, clear, find, tell } from "./page.js";

const [sound, state, requests] = ["sound", "sound-state", "sound-requests"].map(find);

const clock = seconds => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function seek(seconds) {
  state.value = "Loading …";
  if (sound.readyState < HTMLMediaElement.HAVE_METADATA) {
    sound.preload = "metadata";
    sound.addEventListener("loadedmetadata", () => { sound.currentTime = seconds; }, { once: true });
    sound.load();
  } else {
    sound.currentTime = seconds;
  }
}

function list() {
  return attempt(state, async () => {
    const asked = await (await fetch("/tones/requests")).json();
    clear(requests);
    for (const { range, status, content_range: part } of asked.filter(({ query }) => query === "listen")) {
      tell(requests, `${range || "Without a Range"}: ${status}${part ? `, ${part}` : ""}.`);
    }
  });
}

sound.onseeked = () => list().then(() => { state.value = `At ${clock(sound.currentTime)} of ${clock(sound.duration)}.`; });
sound.onerror = () => { state.value = `It did not work: ${sound.error.message}.`; };
for (const button of document.querySelectorAll("[data-seek]")) button.onclick = () => seek(Number(button.dataset.seek));
