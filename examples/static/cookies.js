// Cookies, as the server gets them and as scripts see them.
import { attempt, find } from "./page.js";

const [sent, seen] = ["cookies-sent", "cookies-seen"].map(find);

function ask(path) {
  return attempt(sent, async () => {
    if (path) await fetch(path);
    sent.value = await (await fetch("/cookies")).text();
    seen.value = document.cookie || "nothing";
  });
}

find("cookies-set").onclick = () => ask("/cookies/set");
find("cookies-delete").onclick = () => ask("/cookies/delete");
ask();
