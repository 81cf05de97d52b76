// An answer's tokens, each on a ground that tells its probability, with what else might have stood there.
import { h } from "./dom.js";
import { label, number, say } from "./words.js";

const percent = (logprob) => number(100 * Math.exp(logprob), 1);

/** Shows `tokens` in `box`: one stop of the Tab key, arrows inside; the tip appears for the mouse and for the keyboard. */
export class TokenView {
  constructor(box) {
    this.tip = h("div", { class: "tip", role: "tooltip", id: `tip-${crypto.randomUUID?.() ?? Math.random()}`, hidden: true });
    this.line = label(h("div", { class: "tokens", role: "group" }), "tokens.label");
    this.count = 0;
    box.append(legend(), this.line, this.tip);
    this.line.addEventListener("pointerover", ({ target }) => target !== this.line && this.show(target));
    this.line.addEventListener("pointerleave", () => this.hide());
    this.line.addEventListener("focusin", ({ target }) => this.show(target));
    this.line.addEventListener("focusout", () => this.hide());
    this.line.addEventListener("keydown", (event) => this.key(event));
  }

  /** Adds the tokens that are new. */
  update(tokens) {
    this.tokens = tokens;
    for (; this.count < tokens.length; this.count++) this.line.append(this.token(tokens[this.count], this.count));
  }

  token({ text, logprob }, i) {
    const made = h("span", { class: "token", tabindex: i === 0 ? "0" : "-1", "data-i": i }, visible(text));
    if (logprob != null) made.style.setProperty("--p", Math.exp(logprob).toFixed(3));
    return made;
  }

  key(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -this.count, End: this.count };
    const step = steps[event.key];
    if (event.key === "Escape") this.hide();
    if (step === undefined) return;
    event.preventDefault();
    const at = Math.max(0, Math.min(this.count - 1, Number(event.target.dataset.i) + step));
    event.target.tabIndex = -1;
    const next = this.line.children[at];
    next.tabIndex = 0;
    next.focus();
  }

  show(target) {
    const { text, logprob, top } = this.tokens[Number(target.dataset.i)];
    this.at?.removeAttribute("aria-describedby");
    this.at = target;
    const rows = top.some((other) => other.text === text) ? top : [{ text, logprob }, ...top];
    const sorted = rows.filter((row) => row.logprob != null).toSorted((a, b) => b.logprob - a.logprob);
    this.tip.replaceChildren(...sorted.map((row) => this.row(row, row.text === text)));
    target.setAttribute("aria-describedby", this.tip.id);
    this.tip.hidden = false;
    const box = this.tip.parentElement.getBoundingClientRect();
    const word = target.getClientRects()[0];
    const left = Math.max(0, Math.min(word.left - box.left, box.width - this.tip.offsetWidth));
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${word.bottom - box.top + 6}px`;
  }

  row({ text, logprob }, chosen) {
    const bar = h("span", { class: "bar" });
    bar.style.setProperty("--p", Math.exp(logprob).toFixed(3));
    return h("div", { class: chosen ? "chosen" : null }, h("code", {}, quoted(text)), bar, h("span", {}, `${percent(logprob)} %`));
  }

  hide() {
    this.at?.removeAttribute("aria-describedby");
    this.tip.hidden = true;
  }
}

function legend() {
  const steps = [0, 0.25, 0.5, 0.75, 1].map((p) => {
    const step = h("span", { class: "token" }, "\u00a0");
    step.style.setProperty("--p", p);
    return step;
  });
  return h("div", { class: "legend quiet", "aria-hidden": "true" }, say(h("span"), "tokens.legend"), ...steps);
}

/** A line break is a token too: it shows as one and still breaks the line. */
function visible(text) {
  return shown(text).replaceAll("\n", "⏎\n");
}

function quoted(text) {
  return shown(text).replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥");
}

/** Bytes that are no text by themselves come as `bytes:\xc3`. */
function shown(text) {
  return text === "" ? "∅" : text.replace(/^bytes:(?=\\x)/, "");
}
