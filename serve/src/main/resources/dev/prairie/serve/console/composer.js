// A box to write in, and the list of what was written.

/** Makes a box grow with its text; Enter sends, Shift+Enter begins a line. */
export function composer(box, send) {
  box.addEventListener("input", () => fit(box));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
}

/** What the box holds, which is empty then. */
export function taken(box) {
  const text = box.value;
  box.value = "";
  fit(box);
  return text;
}

function fit(box) {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
}

/** Whether the end of a list is in sight: then it stays in sight when the list grows. */
export function atEnd(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight < 60;
}

export function toEnd(box) {
  box.scrollTop = box.scrollHeight;
}

/** Shows Stop in the place of Send while something runs; the keyboard's place is not lost when Stop goes. */
export function busy(prefix, running) {
  const [stop, send, prompt] = ["stop", "send", "prompt"].map((name) => document.getElementById(prefix + name));
  const had = document.activeElement === stop;
  stop.hidden = !running;
  send.hidden = running;
  if (had && !running) prompt.focus();
}
