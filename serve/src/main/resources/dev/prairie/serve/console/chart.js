// Lines over time or steps, drawn by uPlot in the page's colours.
import uPlot from "./uplot.js";

const LINE = ["--accent", "--second"];

export class Chart {
  /**
   * @param box    where it is drawn, in the size of the box
   * @param series what each line is: `{ label(), format(value), points }`
   * @param x      how the horizontal axis is read: `{ label(), format(value) }`
   * @param most   the vertical axis begins at 0 and reaches at least this; without it, it fits the values
   */
  constructor(box, series, x, most) {
    this.box = box;
    this.series = series;
    this.x = x;
    this.most = most;
    this.data = null;
    this.plot = null;
    new ResizeObserver(() => this.resize()).observe(box);
    document.addEventListener("theme", () => this.rebuild());
  }

  /** Draws `data`: the horizontal values, then those of each line. Nothing is drawn while the box is not on screen. */
  draw(data) {
    this.data = data;
    if (this.plot) this.plot.setData(data);
    else if (this.box.clientWidth > 0) this.plot = new uPlot(this.options(), data, this.box);
  }

  clear() {
    this.data = null;
    this.plot?.destroy();
    this.plot = null;
  }

  /** In other colours, or in another language. */
  rebuild() {
    const { data } = this;
    this.clear();
    if (data) this.draw(data);
  }

  resize() {
    if (this.box.clientWidth === 0) return;
    if (this.plot) this.plot.setSize(this.size());
    else if (this.data) this.draw(this.data);
  }

  size() {
    return { width: this.box.clientWidth - 8, height: this.box.clientHeight - 44 };
  }

  options() {
    const axis = (size) => ({
      stroke: this.colour("--quiet"),
      grid: { stroke: this.colour("--line"), width: 1 },
      ticks: { stroke: this.colour("--line"), width: 1 },
      size,
    });
    const x = { ...axis(32), space: 80, values: (_, ticks) => ticks.map(this.x.format) };
    const lines = this.series.map(({ label, format, points }, i) => ({
      label: label(),
      stroke: this.colour(LINE[i]),
      width: points ? 2 : 1.5,
      spanGaps: true,
      points: { show: Boolean(points), size: 5, fill: this.colour(LINE[i]) },
      value: (_, value) => (value == null ? "–" : format(value)),
    }));
    const scales = { x: { time: false } };
    if (this.most) scales.y = { range: (_, __, highest) => [0, Math.max(this.most, (highest ?? 0) * 1.1)] };
    return {
      ...this.size(),
      scales,
      cursor: { drag: { x: true, y: false } },
      axes: [x, axis(52)],
      series: [{ label: this.x.label(), value: (_, value) => (value == null ? "–" : this.x.format(value)) }, ...lines],
    };
  }

  /** What a custom property comes to now: a canvas cannot read one. */
  colour(name) {
    this.box.style.setProperty("outline-color", `var(${name})`);
    return getComputedStyle(this.box).outlineColor;
  }
}
