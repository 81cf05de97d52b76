// The compare page: one prompt to two models, adapters or settings, and the answers side by side.
import { $, h } from "./dom.js";
import { announce } from "./announce.js";
import { ask, newAnswer } from "./answer.js";
import { busy, composer, taken } from "./composer.js";
import { AnswerView, userMessage } from "./message.js";
import { contextOf, offer } from "./models.js";
import { Settings } from "./settings.js";
import { label, number, say, t } from "./words.js";

/** One of the two: its model, its settings, and what it has been told. */
class Side {
  constructor(name) {
    this.name = name;
    this.select = label(h("select", { id: `${name}-model` }), `compare.${name}`);
    this.context = h("span", { class: "quiet" });
    const fields = h("div", { class: "fields" });
    const more = h("details", { class: "side-settings" }, say(h("summary"), "compare.settings"), fields);
    $(`side-${name}`).append(h("div", { class: "row" }, this.select, this.context), more);
    this.settings = new Settings(fields, `${name}-`);
    this.select.addEventListener("change", () => this.changed());
    this.messages = [];
  }

  changed() {
    const model = this.models.find(({ id }) => id === this.select.value);
    this.settings.limit(model?.context);
    this.context.textContent = contextOf(model);
  }
}

export class Compare {
  constructor() {
    this.sides = [new Side("left"), new Side("right")];
    this.running = null;
    $("compare-ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    composer($("compare-prompt"), () => this.send());
    $("compare-stop").addEventListener("click", () => this.running?.abort());
    $("compare").addEventListener("keydown", ({ key }) => key === "Escape" && this.running?.abort());
    $("compare-clear").addEventListener("click", () => this.clear());
  }

  /** The models that the server has: the first to the left, the second, if there is one, to the right. */
  offer(models) {
    this.sides.forEach((side, i) => {
      side.models = models;
      offer(side.select, models);
      if (models.length > 1) side.select.value = models[i].id;
      side.changed();
    });
  }

  translate() {
    for (const side of this.sides) if (side.models) side.changed();
  }

  clear() {
    this.running?.abort();
    for (const side of this.sides) side.messages = [];
    $("turns").replaceChildren();
    $("compare-hello").hidden = false;
    $("compare-prompt").focus();
  }

  async send() {
    if (this.running || $("compare-prompt").value.trim() === "" || this.sides.some((side) => !side.select.value)) return;
    const text = taken($("compare-prompt"));
    $("compare-hello").hidden = true;
    const controller = new AbortController();
    this.busy(controller);
    announce(t("message.writing"));
    const row = h("div", { class: "answers" });
    $("turns").append(h("div", { class: "turn" }, userMessage({ content: text }), row));
    row.parentElement.scrollIntoView({ block: "start" });
    const answers = await Promise.all(this.sides.map((side) => this.answer(side, text, row, controller.signal)));
    if (this.running === controller) this.busy(null);
    announce(answers.map((answer) => `${answer.model}: ${answer.error ?? t("message.done", { tokens: number(answer.count) })}`).join(" "));
  }

  async answer(side, text, row, signal) {
    const answer = newAnswer(side.select.value);
    const { messages } = side;
    messages.push({ role: "user", content: text });
    const request = { mode: "chat", messages: [...messages], settings: side.settings.values(), probabilities: $("compare-probabilities").checked };
    messages.push(answer);
    const view = new AnswerView(answer);
    view.element.dataset.side = side.name;
    row.append(view.element);
    view.update(true);
    await ask(answer, request, signal, () => view.update(true));
    view.update(false);
    return answer;
  }

  busy(controller) {
    this.running = controller;
    busy("compare-", controller !== null);
  }
}
