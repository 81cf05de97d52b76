// The console's beginning: language, colours, which page is shown, and what the pages share.
import { $, recall, remember } from "./dom.js";
import { Chat } from "./chat.js";
import { Compare } from "./compare.js";
import { startDrawers } from "./drawers.js";
import { startLive } from "./live.js";
import { findModels } from "./models.js";
import { Store } from "./store.js";
import { startTraining } from "./training.js";
import { startUsage } from "./usage.js";
import { startWords, t } from "./words.js";

const RETRY = 3000;
const pages = [...document.querySelectorAll(".page")].map(({ id }) => id);
let translated = () => {};

startWords($("language"), () => translated());

$("theme").value = recall("theme", "auto");
$("theme").addEventListener("change", () => {
  document.documentElement.dataset.theme = $("theme").value;
  remember("theme", $("theme").value);
  document.dispatchEvent(new Event("theme"));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("theme")));

startDrawers();
const chat = new Chat(await Store.open());
const compare = new Compare();
const shown = { live: startLive(), usage: startUsage(), training: startTraining() };
translated = () => {
  chat.translate();
  compare.translate();
  for (const page of Object.values(shown)) page.translate?.();
};

/** Shows the page that the address names. */
function route() {
  const named = location.hash.slice(1);
  const name = pages.includes(named) ? named : "chat";
  for (const page of pages) $(page).hidden = page !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${t(`nav.${name}`)} · Prairie`;
  for (const [page, { show }] of Object.entries(shown)) show(page === name);
}
$("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address names a page, not a place in one
  $("main").focus();
});
addEventListener("hashchange", route);
route();

/** Asks for the models until there is an answer. */
async function offerModels() {
  try {
    const models = await findModels();
    chat.offer(models);
    compare.offer(models);
  } catch (error) {
    $("model-context").textContent = error.message;
    setTimeout(offerModels, RETRY);
  }
}
offerModels();
