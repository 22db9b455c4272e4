// An order that is answered at once, and its tasks, which are done later.
import { attempt, clear, find, tell } from "./page.js";

const [button, state, tasks] = ["order", "order-state", "tasks"].map(find);

async function order() {
  const began = performance.now();
  const elapsed = () => Math.round(performance.now() - began);
  clear(tasks);
  const response = await fetch("/orders", { method: "POST" });
  const { order: number } = await response.json();
  tell(tasks, `After ${elapsed()} ms: ${response.status}, the answer to order ${number}.`);
  state.value = "Answered; the tasks run.";
  const source = new EventSource(`/orders?${new URLSearchParams({ order: number })}`);
  source.addEventListener("task", event => {
    const { task, left } = JSON.parse(event.data);
    tell(tasks, `After ${elapsed()} ms: task ${task} is done.`);
    if (left === 0) end("All is done.");
  });
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) end("This worker does not know the order."); };
  addEventListener("pagehide", () => source.close());

  function end(text) {
    source.close();
    state.value = text;
    button.disabled = false;
  }
}

button.onclick = async () => {
  button.disabled = true;
  button.disabled = await attempt(state, order);
};
