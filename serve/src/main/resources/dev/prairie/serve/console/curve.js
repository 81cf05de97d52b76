// Training and validation loss by step, drawn at most once a frame however fast points come in.
import uPlot from "./uplot.js";

export class Curve {
  constructor(box) {
    this.box = box;
    this.steps = [];
    this.loss = [];
    this.val = [];
    this.plot = null;
    this.pending = false;
    new ResizeObserver(() => this.resize()).observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.rebuild());
    this.message("");
  }

  /** Forgets everything. */
  clear() {
    this.steps = [];
    this.loss = [];
    this.val = [];
    this.plot?.destroy();
    this.plot = null;
    this.box.dataset.points = "0";
    this.message("Waiting for the first step…");
  }

  /** Adds one line of metrics. */
  add({ step, loss, valLoss }) {
    this.steps.push(step);
    this.loss.push(loss ?? null);
    this.val.push(valLoss ?? null);
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  /** Shows words where there is nothing to draw. */
  message(text) {
    this.box.querySelector(".empty")?.remove();
    if (!text || this.plot) return;
    const words = document.createElement("div");
    words.className = "empty";
    words.textContent = text;
    this.box.append(words);
  }

  draw() {
    if (this.steps.length === 0) return;
    const data = [this.steps, this.loss, this.val];
    if (this.plot) {
      this.plot.setData(data);
    } else if (this.box.clientWidth > 0) {
      this.message("");
      this.plot = new uPlot(this.options(), data, this.box);
    } else {
      return; // not on screen: drawn when it comes into view
    }
    this.box.dataset.points = String(this.steps.length);
  }

  resize() {
    if (this.box.clientWidth === 0) return;
    if (this.plot) this.plot.setSize(this.size());
    else this.draw();
  }

  rebuild() {
    this.plot?.destroy();
    this.plot = null;
    this.draw();
  }

  size() {
    return { width: this.box.clientWidth - 8, height: this.box.clientHeight - 44 };
  }

  options() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const number = (value) => (value == null ? "–" : value.toFixed(4));
    const axis = {
      stroke: colour("--quiet"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1 },
    };
    return {
      ...this.size(),
      scales: { x: { time: false } },
      cursor: { drag: { x: true, y: false } },
      axes: [
        { ...axis, size: 32, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en")) },
        { ...axis, size: 52 },
      ],
      series: [
        { label: "step", value: (_, value) => (value == null ? "–" : value.toLocaleString("en")) },
        { label: "train", stroke: colour("--accent"), width: 1.5, points: { show: false }, value: (_, v) => number(v) },
        {
          label: "validation",
          stroke: colour("--second"),
          width: 2,
          spanGaps: true,
          points: { show: true, size: 5, fill: colour("--second") },
          value: (_, v) => number(v),
        },
      ],
    };
  }
}
