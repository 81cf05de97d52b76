// The console's beginning: names the model, and on a narrow screen shows one pane at a time.
import { startChat } from "./chat.js";
import { startTraining } from "./training.js";

const tabs = { talk: document.getElementById("tab-talk"), training: document.getElementById("tab-training") };

function show(name) {
  document.body.dataset.tab = name;
  for (const [tab, button] of Object.entries(tabs)) button.setAttribute("aria-selected", String(tab === name));
  window.dispatchEvent(new Event("resize"));
}
for (const name of Object.keys(tabs)) tabs[name].addEventListener("click", () => show(name));
show("talk");

async function model() {
  const label = document.getElementById("model");
  try {
    const list = await (await fetch("v1/models")).json();
    const { id, context_length: context } = list.data[0];
    label.textContent = `${id} · context ${context.toLocaleString("en")} tokens`;
    return { id, context };
  } catch {
    label.textContent = "the server does not answer; reload when it runs";
    return null;
  }
}

const found = model();
startTraining();
startChat(await found);
