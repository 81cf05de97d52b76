// The right pane: which run, its curve while it grows, and its last figures.
import { Curve } from "./curve.js";

const $ = (id) => document.getElementById(id);
const REFRESH = 5000;

export function startTraining() {
  const curve = new Curve($("curve"));
  let known = new Map();
  let selected = null;
  let events = null;
  let last = {};
  let lastVal = null;
  let pending = false;

  async function refresh() {
    let runs;
    try {
      runs = (await (await fetch("api/runs")).json()).runs;
    } catch {
      $("run-state").textContent = "the server does not answer";
      return;
    }
    const names = runs.map((run) => run.name);
    if (names.join("\n") !== [...known.keys()].join("\n")) fill(runs);
    known = new Map(runs.map((run) => [run.name, run]));
    if (runs.length === 0) {
      curve.message("No training runs yet. A run appears here as soon as it begins.");
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
    curve.clear();
    events = new EventSource(`api/runs/${encodeURIComponent(name)}/events`);
    const source = events;
    source.addEventListener("run", (event) => describe(JSON.parse(event.data)));
    source.addEventListener("metrics", (event) => {
      last = JSON.parse(event.data);
      if (typeof last.valLoss === "number") lastVal = last.valLoss;
      curve.add(last);
      figuresSoon();
    });
    source.addEventListener("end", (event) => {
      describe(JSON.parse(event.data));
      source.close();
      if (events === source) events = null;
    });
  }

  function describe(run) {
    known.set(run.name, run);
    const silent = Math.floor((Date.now() / 1000 - run.changed) / 60);
    const stale = run.state === "running" && silent >= 2 ? ` · no news for ${silent} min` : "";
    $("run-state").textContent = (run.state === "unknown" ? "" : run.state) + stale;
    figures();
  }

  /** A finished run sends all its steps at once: its figures are written once a frame, not once a step. */
  function figuresSoon() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      figures();
    });
  }

  function figures() {
    const steps = known.get(selected)?.steps;
    const rows = [
      ["Step", count(last.step) + (steps ? ` / ${count(steps)}` : "")],
      ["Loss", fixed(last.loss, 4)],
      ["Validation loss", fixed(lastVal, 4)],
      ["Tokens/s", count(last.tokensPerSecond)],
      ["MFU", typeof last.mfu === "number" ? `${(100 * last.mfu).toFixed(1)} %` : "–"],
      ["Learning rate", typeof last.lr === "number" ? last.lr.toExponential(2) : "–"],
    ];
    $("figures").replaceChildren(...rows.map(([name, value]) => {
      const cell = document.createElement("div");
      cell.append(element("dt", name), element("dd", value));
      return cell;
    }));
  }

  $("run-select").addEventListener("change", () => select($("run-select").value));
  refresh();
  setInterval(refresh, REFRESH);
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function count(value) {
  return typeof value === "number" ? Math.round(value).toLocaleString("en") : "–";
}

function fixed(value, digits) {
  return typeof value === "number" ? value.toFixed(digits) : "–";
}
