// The live page: what the server is doing, looked at once a second while the page is shown.
import { $, h } from "./dom.js";
import { Chart } from "./chart.js";
import { offer } from "./models.js";
import { mean, Samples } from "./rates.js";
import { get } from "./stream.js";
import { clock, number, say, t } from "./words.js";

const EVERY = 1000;
const MOST = 300;
const TABLE_ROWS = 10;
const FIRST = 6; // figures above the charts
const CHARTS = [
  { name: "throughput", most: 10, lines: ["out", "in"], digits: 1 },
  { name: "queue", most: 4, lines: ["running", "waiting"], digits: 0 },
  { name: "kv", most: 100, lines: ["used", "cached"], digits: 1 },
  { name: "hits", most: 100, lines: ["hits"], digits: 1 },
];
const COLUMNS = ["out", "in", "running", "waiting", "used", "cached", "hits"];
const DIGITS = { running: 0, waiting: 0 };

export function startLive() {
  const samples = new Map();
  let shown = false;
  let timer = 0;
  let last = null;

  const charts = CHARTS.map((chart) => {
    const box = h("div", { class: "chart", role: "img" });
    const unit = say(h("span", { class: "quiet" }), `live.${chart.name}Unit`);
    $("live-charts").append(h("figure", {}, h("figcaption", {}, say(h("span"), `live.${chart.name}`), " ", unit), box));
    const lines = chart.lines.map((line) => ({ label: () => t(`live.${line}`), format: (value) => number(value, chart.digits) }));
    const plot = new Chart(box, lines, { label: () => t("live.time"), format: (time) => clock(time * 1000) }, chart.most);
    return { ...chart, box, plot };
  });

  async function look() {
    clearTimeout(timer);
    if (!shown || document.hidden) return;
    try {
      last = await get("api/live");
      for (const model of last.models) {
        if (!samples.has(model.model)) samples.set(model.model, new Samples(MOST));
        samples.get(model.model).add(last.time, model, last);
      }
      const names = last.models.map(({ model }) => model);
      if (names.join("\n") !== [...$("live-model").options].map(({ value }) => value).join("\n")) {
        offer($("live-model"), names.map((id) => ({ id, base: null })));
      }
      say($("live-state"), last.draining ? "live.draining" : "live.uptime").append(last.draining ? "" : ` ${duration(last.uptime)}`);
      draw();
    } catch (error) {
      delete $("live-state").dataset.t;
      if ($("live-state").textContent !== error.message) $("live-state").textContent = error.message;
    }
    if (shown) timer = setTimeout(look, EVERY);
  }

  function draw() {
    const model = last?.models.find((each) => each.model === $("live-model").value);
    if (!model) return;
    const { rows } = samples.get(model.model);
    const all = figures(model, last, rows.at(-1)).map(([key, value]) => h("div", {}, say(h("dt"), key), h("dd", {}, value)));
    $("live-figures").replaceChildren(...all.slice(0, FIRST));
    $("live-more").replaceChildren(...all.slice(FIRST));
    if (rows.length === 0) return;
    const times = rows.map(({ time }) => time / 1000);
    for (const { box, plot, name, lines, digits } of charts) {
      plot.draw([times, ...lines.map((line) => rows.map((row) => row[line]))]);
      const now = lines.map((line) => `${t(`live.${line}`)} ${shownNumber(rows.at(-1)[line], digits)}`).join(", ");
      box.setAttribute("aria-label", `${t(`live.${name}`)}: ${now}`);
      box.dataset.points = String(rows.length);
    }
    if ($("live-table").open) table(rows.slice(-TABLE_ROWS).reverse());
  }

  $("live-model").addEventListener("change", draw);
  $("live-table").addEventListener("toggle", draw);
  document.addEventListener("visibilitychange", look);
  return {
    show(on) {
      shown = on;
      look();
    },
    translate() {
      for (const { plot } of charts) plot.rebuild();
      draw();
    },
  };
}

function figures(model, server, row) {
  const percent = (part, all) => (all > 0 ? `${number((100 * part) / all, 1)} %` : "–");
  const millis = (seconds) => (seconds === null ? "–" : `${number(1000 * seconds, 1)} ms`);
  return [
    ["live.out", shownNumber(row?.out, 1)],
    ["live.in", shownNumber(row?.in, 1)],
    ["live.running", number(model.running)],
    ["live.waiting", number(model.waiting)],
    ["live.blocks", `${number(model.used_blocks)} / ${number(model.blocks)}`],
    ["live.hits", row?.hits == null ? "–" : `${number(row.hits, 1)} %`],
    ["live.waitingTokens", number(model.waiting_tokens)],
    ["live.first", millis(mean(server.first_token))],
    ["live.each", millis(mean(server.per_token))],
    ["live.steps", shownNumber(row?.steps, 1)],
    ["live.preemptions", number(model.preemptions)],
    ["live.accepted", percent(model.accepted_tokens, model.drafted_tokens)],
    ["live.requests", number(server.requests)],
    ["live.failures", number(server.failures)],
    ["live.heap", `${number(server.heap_used / 2 ** 20)} / ${number(server.heap_max / 2 ** 20)} MiB`],
  ];
}

function table(rows) {
  const head = ["time", ...COLUMNS].map((column) => say(h("th", { scope: "col" }), `live.${column}`));
  const body = rows.map((row) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, clock(row.time)),
      ...COLUMNS.map((column) => h("td", {}, shownNumber(row[column], DIGITS[column] ?? 1))),
    ),
  );
  const made = h("table", {}, say(h("caption", { class: "unseen" }), "live.table"), h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...body));
  $("live-table").querySelector(".scroll").replaceChildren(made);
}

function shownNumber(value, digits) {
  return value == null ? "–" : number(value, digits);
}

function duration(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
