// The chat page: one conversation of many, asked and answered.
import { $, recall, remember } from "./dom.js";
import { announce, Announcer } from "./announce.js";
import { ask, newAnswer } from "./answer.js";
import { atEnd, busy, composer, taken, toEnd } from "./composer.js";
import { Conversations } from "./conversations.js";
import { AnswerView, userMessage } from "./message.js";
import { contextOf, offer } from "./models.js";
import { Settings } from "./settings.js";
import { number, placeholder, say, t } from "./words.js";

const TITLE = 60;
const SAVE = 2000; // an answer that is being written is kept this often

export class Chat {
  constructor(store) {
    this.models = [];
    this.running = null;
    this.conversation = null; // null: a new one, kept from its first message on
    this.settings = new Settings($("settings-fields"), "");
    this.list = new Conversations(store, (conversation) => this.open(conversation));
    store.follow((id) => this.elsewhere(id));
    $("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    composer($("prompt"), () => this.send());
    $("stop").addEventListener("click", () => this.stop());
    $("chat").addEventListener("keydown", ({ key }) => key === "Escape" && this.stop());
    $("model").addEventListener("change", () => this.modelChanged());
    $("probabilities").checked = recall("probabilities", false);
    $("probabilities").addEventListener("change", () => remember("probabilities", $("probabilities").checked));
    for (const input of modes()) input.addEventListener("change", () => this.modeChanged());
    setMode(recall("mode", "chat"));
    this.open(store.get(recall("conversation", "")));
  }

  /** The models that the server has. */
  offer(models) {
    this.models = models;
    offer($("model"), models);
    const wanted = this.conversation?.model ?? recall("model", "");
    if (models.some(({ id }) => id === wanted)) $("model").value = wanted;
    this.modelChanged();
  }

  /** What hangs on the language and stands in no element that knows its key. */
  translate() {
    $("model-context").textContent = contextOf(this.model());
    this.list.draw();
    this.modeChanged();
  }

  model() {
    return this.models.find(({ id }) => id === $("model").value);
  }

  modelChanged() {
    const model = this.model();
    if (!model) return;
    remember("model", model.id);
    this.settings.limit(model.context);
    $("model-context").textContent = contextOf(model);
  }

  modeChanged() {
    const complete = mode() === "complete";
    remember("mode", mode());
    say($("hello"), complete ? "chat.helloComplete" : "chat.hello");
    placeholder($("prompt"), complete ? "chat.placeholderComplete" : "chat.placeholder");
  }

  /** Shows a conversation; null begins a new one. */
  open(conversation) {
    this.stop();
    this.conversation = conversation;
    remember("conversation", conversation?.id ?? "");
    if (conversation) {
      this.settings.fill({ max_tokens: "", ...conversation.settings });
      if (this.models.some(({ id }) => id === conversation.model)) $("model").value = conversation.model;
      setMode(conversation.mode);
      this.modeChanged();
    }
    this.list.mark(conversation?.id ?? null);
    this.draw();
    document.dispatchEvent(new Event("chosen"));
  }

  draw() {
    const messages = this.conversation?.messages ?? [];
    $("messages").replaceChildren(...messages.map((message, i) => this.view(message, i)));
    $("hello").hidden = messages.length > 0;
    toEnd($("messages"));
  }

  view(message, i) {
    if (message.role === "user") return userMessage(message, (text) => this.from(i, text));
    const plain = this.conversation.mode === "complete";
    return new AnswerView(message, { again: () => this.from(i - 1, this.conversation.messages[i - 1].content), plain }).element;
  }

  /** Goes back to the user's message `i`, now with `text`, and has it answered; what came after it is gone. */
  from(i, text) {
    if (this.running) return;
    this.conversation.messages.length = i;
    this.draw();
    this.put(text);
  }

  send() {
    if (this.running || $("prompt").value.trim() === "") return;
    if (!this.model()) {
      this.list.tell("error.noModel");
      return;
    }
    this.put(taken($("prompt")));
  }

  put(text) {
    const conversation = (this.conversation ??= begun(text));
    Object.assign(conversation, { changed: Date.now(), mode: mode(), model: $("model").value, settings: this.settings.values() });
    const answer = newAnswer(conversation.model);
    const { messages } = conversation;
    messages.push({ role: "user", content: text });
    const request = { mode: conversation.mode, messages: [...messages], settings: conversation.settings, probabilities: $("probabilities").checked };
    messages.push(answer);
    remember("conversation", conversation.id);
    this.list.current = conversation.id;
    this.list.keep(conversation);
    this.draw();
    this.receive(conversation, answer, request);
  }

  async receive(conversation, answer, request) {
    const again = () => this.from(conversation.messages.indexOf(answer) - 1, request.messages.at(-1).content);
    const view = new AnswerView(answer, { again, plain: conversation.mode === "complete" });
    $("messages").lastChild.replaceWith(view.element);
    const announcer = new Announcer();
    const controller = new AbortController();
    this.busy(controller);
    announce(t("message.writing"));
    view.update(true);
    toEnd($("messages"));
    let saved = performance.now();
    await ask(answer, request, controller.signal, () => {
      if (performance.now() - saved > SAVE) {
        saved = performance.now();
        this.list.store.put(conversation);
      }
      const end = atEnd($("messages"));
      view.update(true);
      announcer.follow(answer.content);
      if (end) requestAnimationFrame(() => toEnd($("messages")));
    });
    const end = atEnd($("messages"));
    view.update(false);
    if (end) toEnd($("messages"));
    announcer.end(answer.content, answer.error ?? t("message.done", { tokens: number(answer.count) }));
    if (this.running === controller) this.busy(null);
    conversation.changed = Date.now();
    if (this.list.store.get(conversation.id)) await this.list.keep(conversation); // not one that was deleted meanwhile
  }

  /** Another page has written or deleted a conversation. */
  elsewhere(id) {
    if (id === this.conversation?.id && !this.running) this.open(this.list.store.get(id));
    else this.list.draw();
  }

  stop() {
    this.running?.abort();
    this.busy(null);
  }

  busy(controller) {
    this.running = controller;
    busy("", controller !== null);
  }
}

function begun(text) {
  const [line] = text.trim().split("\n");
  const title = line.length > TITLE ? `${line.slice(0, TITLE - 1)}…` : line;
  return { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, title, created: Date.now(), messages: [] };
}

function modes() {
  return document.querySelectorAll("input[name=mode]");
}

function mode() {
  return document.querySelector("input[name=mode]:checked").value;
}

function setMode(value) {
  for (const input of modes()) input.checked = input.value === value;
}
