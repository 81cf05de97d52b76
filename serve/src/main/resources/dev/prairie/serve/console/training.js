// The training page: which run, its curve while it grows, and its last figures.
import { $, h, onceAFrame } from "./dom.js";
import { Chart } from "./chart.js";
import { get } from "./stream.js";
import { number, say, t } from "./words.js";

const REFRESH = 5000;
const STATES = ["running", "finished", "interrupted"];

export function startTraining() {
  const loss = (value) => number(value, 4);
  const curve = new Chart(
    $("curve"),
    [
      { label: () => t("training.train"), format: loss },
      { label: () => t("training.validation"), format: loss, points: true },
    ],
    { label: () => t("training.step"), format: (step) => number(step) },
  );
  let known = new Map();
  let selected = null;
  let events = null;
  let points = [[], [], []];
  let last = {};
  let lastVal = null;
  let shown = false;
  let words = null;

  /** A finished run sends all its steps at once: they are drawn once a frame, not once a step. */
  const soon = onceAFrame(() => {
    if (points[0].length > 0) {
      empty(null);
      curve.draw(points);
      $("curve").dataset.points = String(points[0].length);
    }
    figures();
  });

  async function refresh() {
    if (!shown) return;
    let runs;
    try {
      runs = (await get("api/runs")).runs;
    } catch (error) {
      $("run-state").textContent = error.message;
      return;
    }
    const names = runs.map((run) => run.name);
    if (names.join("\n") !== [...known.keys()].join("\n")) fill(runs);
    known = new Map(runs.map((run) => [run.name, run]));
    if (runs.length === 0) {
      empty("training.none");
      return;
    }
    if (!known.has(selected)) select(names[0]);
    else if (!events && known.get(selected).state === "running") select(selected); // it was resumed
  }

  function fill(runs) {
    $("run-select").replaceChildren(...runs.map((run) => new Option(run.name, run.name, false, run.name === selected)));
    $("run-select").hidden = runs.length === 0;
  }

  function select(name) {
    events?.close();
    selected = name;
    $("run-select").value = name;
    last = {};
    lastVal = null;
    points = [[], [], []];
    curve.clear();
    $("curve").dataset.points = "0";
    empty("training.wait");
    events = new EventSource(`api/runs/${encodeURIComponent(name)}/events`);
    const source = events;
    source.addEventListener("run", (event) => describe(JSON.parse(event.data)));
    source.addEventListener("metrics", (event) => {
      last = JSON.parse(event.data);
      if (typeof last.valLoss === "number") lastVal = last.valLoss;
      [last.step, last.loss ?? null, last.valLoss ?? null].forEach((value, i) => points[i].push(value));
      soon();
    });
    source.addEventListener("end", (event) => {
      describe(JSON.parse(event.data));
      source.close();
      if (events === source) events = null;
    });
  }

  /** Words where there is nothing to draw. */
  function empty(key) {
    words?.remove();
    words = key && say(h("p", { class: "empty" }), key);
    if (words) $("curve").append(words);
  }

  function describe(run) {
    known.set(run.name, run);
    const silent = Math.floor((Date.now() / 1000 - run.changed) / 60);
    const state = STATES.find((each) => run.state.includes(each));
    const parts = [state ? t(`training.${state}`) : ""];
    if (run.state === "running" && silent >= 2) parts.push(t("training.quiet", { minutes: silent }));
    $("run-state").textContent = parts.join(" · ");
    soon();
  }

  function figures() {
    const steps = known.get(selected)?.steps;
    const shownNumber = (value, digits = 0) => (typeof value === "number" ? number(value, digits) : "–");
    const rows = [
      ["step", shownNumber(last.step) + (steps ? ` / ${number(steps)}` : "")],
      ["loss", shownNumber(last.loss, 4)],
      ["valLoss", shownNumber(lastVal, 4)],
      ["speed", shownNumber(last.tokensPerSecond)],
      ["mfu", typeof last.mfu === "number" ? `${number(100 * last.mfu, 1)} %` : "–"],
      ["lr", typeof last.lr === "number" ? last.lr.toExponential(2) : "–"],
    ];
    $("figures").replaceChildren(...rows.map(([name, value]) => h("div", {}, say(h("dt"), `training.${name}`), h("dd", {}, value))));
  }

  $("run-select").addEventListener("change", () => select($("run-select").value));
  setInterval(refresh, REFRESH);
  return {
    show(on) {
      shown = on;
      if (!on) { // a browser has few connections to a server: this one is given back
        events?.close();
        events = null;
      }
      refresh();
      soon();
    },
    translate() {
      curve.rebuild();
      if (known.has(selected)) describe(known.get(selected));
    },
  };
}
