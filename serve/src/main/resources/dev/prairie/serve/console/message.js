// One message on the page: its text in the form that fits, what was thought and called, figures, and what can be done.
import { h, onceAFrame } from "./dom.js";
import { copyText, showMarkdown } from "./markdown.js";
import { TokenView } from "./tokens.js";
import { label, number, say } from "./words.js";

/** What the user wrote. `edit(text)` is called with a new wording; without it the message cannot be edited. */
export function userMessage(message, edit) {
  const text = h("div", { class: "text plain-text" }, message.content);
  const copy = action("message.copy", () => copyText(copy, message.content));
  const row = h("div", { class: "actions" }, copy, edit ? action("message.edit", () => editor(made, message, edit)) : null);
  const made = h("article", { class: "message user" }, say(h("h3", { class: "unseen" }), "message.you"), text, row);
  return made;
}

function editor(made, message, edit) {
  const before = [...made.childNodes];
  const box = label(h("textarea", { rows: Math.min(12, message.content.split("\n").length + 1) }), "message.editing");
  box.value = message.content;
  const back = () => {
    made.replaceChildren(...before);
    made.querySelector(".actions button:last-child").focus();
  };
  const save = () => box.value.trim() && edit(box.value);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") back();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) save();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const yes = say(h("button", { type: "button", class: "primary", onclick: save }), "message.save");
  const no = say(h("button", { type: "button", onclick: back }), "message.cancel");
  made.replaceChildren(box, h("div", { class: "actions shown" }, yes, no));
  box.focus();
}

/** A model's answer. It is drawn anew, at most once a frame, whenever `update` says that it has grown. */
export class AnswerView {
  /** @param again called to have it answered once more; without it there is no such button */
  constructor(answer, { again, plain } = {}) {
    this.answer = answer;
    this.plain = plain; // a continued text, not Markdown
    this.asTokens = true; // where there are probabilities
    this.reasoning = h("details", { class: "reasoning", hidden: true }, say(h("summary"), "message.reasoning"), h("div", { class: "thought plain-text" }));
    this.text = h("div", { class: `text${plain ? " plain-text" : ""}` });
    this.probabilities = h("div", { class: "probabilities", hidden: true });
    this.calls = h("div", { class: "calls" });
    this.notes = h("div", { class: "notes" });
    this.figures = h("span", { class: "figures quiet" });
    this.form = say(h("button", { type: "button", class: "plain", hidden: true, onclick: () => this.turn() }), "message.asTokens");
    const copy = action("message.copy", () => copyText(copy, answer.content));
    this.actions = h("div", { class: "actions" }, copy, again ? action("message.again", again) : null, this.form, this.figures);
    const name = h("h3", { class: "model-name" }, answer.model);
    this.element = h("article", { class: "message assistant" }, name, this.reasoning, this.text, this.probabilities, this.calls, this.notes, this.actions);
    this.soon = onceAFrame(() => this.draw());
    this.draw();
  }

  /** The answer has grown; `busy` until it is complete. */
  update(busy) {
    this.element.classList.toggle("busy", busy);
    this.element.toggleAttribute("aria-busy", busy);
    this.element.dataset.tokens = String(this.answer.count);
    if (busy) this.soon();
    else this.soon.now();
  }

  draw() {
    const { answer } = this;
    this.element.dataset.tokens = String(answer.count);
    this.drawReasoning();
    const tokens = this.asTokens && answer.tokens?.length > 0;
    if (tokens) {
      this.view ??= new TokenView(this.probabilities);
      this.view.update(answer.tokens);
    } else if (this.plain) {
      this.text.textContent = answer.content;
    } else {
      showMarkdown(this.text, answer.content);
    }
    this.probabilities.hidden = !tokens;
    this.text.hidden = tokens;
    this.form.hidden = !answer.tokens?.length;
    say(this.form, this.asTokens ? "message.asText" : "message.asTokens");
    this.calls.replaceChildren(...answer.calls.filter(Boolean).map(call));
    this.drawNotes();
    this.drawFigures();
  }

  drawReasoning() {
    const { reasoning, content } = this.answer;
    if (!reasoning) return;
    if (this.reasoning.hidden) this.reasoning.open = !content; // open while the model thinks
    else if (content && !this.closed) this.reasoning.open = false;
    this.closed ||= Boolean(content);
    this.reasoning.hidden = false;
    this.reasoning.lastChild.textContent = reasoning;
  }

  drawNotes() {
    const { answer } = this;
    const notes = [];
    if (answer.finish === "length") notes.push(say(h("p", { class: "note" }), "message.cut"));
    if (answer.finish === "stopped") notes.push(say(h("p", { class: "note" }), "message.stopped"));
    if (answer.finish === "stop" && !answer.content && !answer.reasoning && answer.calls.length === 0) {
      notes.push(say(h("p", { class: "note" }), "message.empty"));
    }
    if (answer.unscored) notes.push(say(h("p", { class: "note" }), "tokens.none"));
    if (answer.error) notes.push(h("p", { class: "note error", role: "alert" }, answer.error));
    if (notes.length !== this.notes.childNodes.length) this.notes.replaceChildren(...notes);
  }

  drawFigures() {
    const { count, speed, firstSeconds, prompt, cached } = this.answer;
    const parts = [];
    const add = (key, given) => parts.push(say(h("span"), key, given));
    if (count) add("message.figures", { tokens: number(count) });
    if (speed) add("message.speed", { speed: number(speed, 1) });
    if (speed && firstSeconds) add("message.first", { seconds: number(firstSeconds, 2) });
    if (prompt) add(cached ? "message.cached" : "message.prompt", { tokens: number(prompt), cached: number(cached) });
    this.figures.replaceChildren(...parts);
  }

  turn() {
    this.asTokens = !this.asTokens;
    this.draw();
  }
}

function call({ name, input }) {
  let shown = input;
  try {
    shown = JSON.stringify(JSON.parse(input), null, 2);
  } catch {
    // not complete yet
  }
  return h("details", { class: "call", open: true }, say(h("summary"), "message.call", { name }), h("pre", { tabindex: "0" }, shown));
}

function action(key, onclick) {
  return say(h("button", { type: "button", class: "plain", onclick }), key);
}
