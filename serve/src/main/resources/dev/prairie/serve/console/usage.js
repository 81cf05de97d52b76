// The usage page: what each key has used, today, in all, and by day.
import { $, h } from "./dom.js";
import { get } from "./stream.js";
import { number, say, t } from "./words.js";

const COLUMNS = ["requests", "failures", "prompt", "cached", "completion"];
const value = (sum, column) => sum[["prompt", "cached", "completion"].includes(column) ? `${column}_tokens` : column];

export function startUsage() {
  let usage = null;

  async function load() {
    try {
      usage = await get("api/usage");
      draw();
    } catch (error) {
      note(error.message);
    }
  }

  function draw() {
    if (!usage) return;
    if (usage.keys.length === 0) say($("usage-note"), "usage.none");
    else say($("usage-note"), usage.kept ? "usage.intro" : "usage.unkept");
    $("usage-keys").replaceChildren(...(usage.keys.length > 0 ? [overview(usage)] : []), ...usage.keys.map(byDay));
  }

  $("usage-reload").addEventListener("click", load);
  return {
    show(on) {
      if (on) load();
    },
    translate: draw,
  };
}

function note(text) {
  delete $("usage-note").dataset.t;
  $("usage-note").textContent = text;
}

function overview({ keys, days }) {
  const group = (text) => h("th", { scope: "colgroup", colspan: COLUMNS.length }, text);
  const names = COLUMNS.map((column) => say(h("th", { scope: "col" }), `usage.${column}`));
  const again = COLUMNS.map((column) => say(h("th", { scope: "col" }), `usage.${column}`));
  const rows = keys.map(({ key, today, total }) =>
    h("tr", {}, h("th", { scope: "row" }, key), ...numbers(today), ...numbers(total)),
  );
  const key = say(h("th", { scope: "col", rowspan: 2, class: "name" }), "usage.key");
  const head = h("thead", {}, h("tr", {}, key, group(t("usage.today")), group(t("usage.days", { days }))), h("tr", {}, ...names, ...again));
  return scroll(t("nav.usage"), h("table", { class: "numbers" }, head, h("tbody", {}, ...rows)));
}

function byDay({ key, by_day: days }) {
  const most = Math.max(1, ...days.map(tokens));
  const rows = days.map((day) => {
    const bar = h("span", { class: "bar" });
    bar.style.setProperty("--p", (tokens(day) / most).toFixed(3));
    return h("tr", {}, h("th", { scope: "row" }, day.day), ...numbers(day), h("td", { class: "bars", "aria-hidden": "true" }, bar));
  });
  const day = say(h("th", { scope: "col", class: "name" }), "usage.day");
  const names = COLUMNS.map((column) => say(h("th", { scope: "col" }), `usage.${column}`));
  const head = h("thead", {}, h("tr", {}, day, ...names, h("td", { "aria-hidden": "true" })));
  const title = t("usage.byDay", { key });
  return h("details", {}, h("summary", {}, title), scroll(title, h("table", { class: "numbers" }, head, h("tbody", {}, ...rows))));
}

function tokens(sum) {
  return sum.prompt_tokens + sum.completion_tokens;
}

function numbers(sum) {
  return COLUMNS.map((column) => h("td", {}, number(value(sum, column))));
}

function scroll(title, table) {
  table.prepend(h("caption", { class: "unseen" }, title));
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, table);
}
