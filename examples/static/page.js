// What the panels have in common.

export const find = id => document.getElementById(id);

export const megabytes = bytes => `${(bytes / 1e6).toFixed(2)} MB`;

/** Add *text* as the last item of *list*, of which the last 20 are kept. */
export function tell(list, text) {
  const item = document.createElement("li");
  item.textContent = text;
  list.append(item);
  while (list.childElementCount > 20) list.firstElementChild.remove();
  // The numbers go on where old items are gone.
  list.start = 1 + (list.dataset.told = Number(list.dataset.told ?? 0) + 1) - list.childElementCount;
  list.scrollTop = list.scrollHeight;
}

/** Empty *list*. */
export function clear(list) {
  list.replaceChildren();
  delete list.dataset.told;
}

/** Run *work* and return whether it worked; *output* shows what went wrong, as where the server is gone. */
export async function attempt(output, work) {
  try {
    await work();
    return true;
  } catch (error) {
    output.value = `It did not work: ${error.message}.`;
    return false;
  }
}
