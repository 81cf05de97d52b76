// The fields that say how a model is asked: built here, so that one page can have several sets of them.
import { h, recall, remember } from "./dom.js";
import { placeholder, say } from "./words.js";

/** Name in the request, element's id, and for a slider its range. Where a field is empty, the server chooses. */
const FIELDS = [
  { name: "temperature", id: "temperature", min: 0, max: 2, step: 0.05, value: 0.8 },
  { name: "top_p", id: "top-p", min: 0.05, max: 1, step: 0.05, value: 0.95 },
  { name: "top_k", id: "top-k", min: 0, max: 200, step: 1, value: 40 },
  { name: "min_p", id: "min-p", min: 0, max: 0.5, step: 0.01, value: 0 },
  { name: "repetition_penalty", id: "repetition-penalty", min: 1, max: 2, step: 0.05, value: 1 },
  { name: "max_tokens", id: "max-tokens", least: 1, empty: "settings.fits" },
  { name: "seed", id: "seed", empty: "settings.random" },
];
const MOST = 1024;

export class Settings {
  /**
   * @param box    where the fields go
   * @param prefix of the elements' ids
   */
  constructor(box, prefix) {
    this.prefix = prefix;
    this.system = placeholder(h("textarea", { id: `${prefix}system`, rows: 3 }), "settings.systemHint");
    this.inputs = new Map(FIELDS.map((field) => [field.name, input(field, prefix)]));
    const reset = say(h("button", { type: "button", class: "plain", onclick: () => this.reset() }), "settings.reset");
    const system = h("div", { class: "field wide" }, say(h("label", { for: this.system.id }), "settings.system"), this.system);
    box.append(system, ...FIELDS.map((field) => this.field(field)), reset);
    box.addEventListener("input", () => this.changed());
    this.most = MOST;
    const kept = recall(`settings.${prefix}`, null);
    this.fresh = kept === null; // nothing has been chosen yet
    this.fill(kept ?? this.defaults());
  }

  field({ name, min }) {
    const made = this.inputs.get(name);
    const shown = min === undefined ? null : h("output", { for: made.id });
    return h("div", { class: "field" }, say(h("label", { for: made.id }), `settings.${name}`), shown, made);
  }

  defaults() {
    const values = { system: "", max_tokens: this.most };
    for (const { name, value } of FIELDS) if (value !== undefined) values[name] = value;
    return values;
  }

  /** Unless told otherwise, a model with a small context is not asked for more than half of it. */
  limit(context) {
    this.most = context ? Math.max(1, Math.min(MOST, Math.floor(context / 2))) : MOST;
    const field = this.inputs.get("max_tokens");
    if (this.fresh || (context && Number(field.value) >= context)) field.value = String(this.most);
  }

  /** Shows these values; what they do not name becomes the default. */
  fill(values) {
    this.system.value = values.system ?? "";
    for (const { name, value } of FIELDS) this.inputs.get(name).value = String(values[name] ?? value ?? "");
    this.show();
  }

  reset() {
    this.fill(this.defaults());
    this.changed();
  }

  changed() {
    this.fresh = false;
    this.show();
    remember(`settings.${this.prefix}`, this.values());
  }

  show() {
    for (const made of this.inputs.values()) {
      const output = made.previousElementSibling;
      if (output?.tagName === "OUTPUT") output.value = made.value;
    }
  }

  /** What the fields say, by the names of the request; `system` is the text of the system message. */
  values() {
    const values = { system: this.system.value.trim() };
    for (const [name, made] of this.inputs) if (made.value !== "") values[name] = Number(made.value);
    return values;
  }
}

function input({ id, min, max, step, least, empty }, prefix) {
  if (min !== undefined) return h("input", { id: prefix + id, type: "range", min, max, step });
  return placeholder(h("input", { id: prefix + id, type: "number", min: least, step: 1, inputmode: "numeric" }), empty);
}
