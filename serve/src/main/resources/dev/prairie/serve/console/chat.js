// The left pane: a prompt goes out, an answer comes in token by token. Text is only ever set as text, never as HTML.
import { ServerError, post } from "./stream.js";

const $ = (id) => document.getElementById(id);
const NUMBERS = {
  temperature: "temperature",
  "top-k": "top_k",
  "top-p": "top_p",
  "min-p": "min_p",
  "repetition-penalty": "repetition_penalty",
  "max-tokens": "max_tokens",
  seed: "seed",
};
const WORDS = {
  complete: { hint: "The model continues your text.", prompt: "Begin a text…", empty: "Write a beginning; the model goes on from there." },
  chat: { hint: "Earlier messages are sent along.", prompt: "Say something…", empty: "A base model continues text; a tuned one answers." },
};

export function startChat(model) {
  let history = [];
  let running = null;

  const mode = () => document.querySelector("input[name=mode]:checked").value;

  function applyMode() {
    const words = WORDS[mode()];
    $("hint").textContent = words.hint;
    $("prompt").placeholder = words.prompt;
    $("messages").dataset.empty = words.empty;
    $("messages").classList.toggle("complete", mode() === "complete");
  }

  function clear() {
    running?.abort();
    history = [];
    $("messages").replaceChildren();
    $("speed").textContent = "";
    $("prompt").focus();
  }

  async function send() {
    const text = $("prompt").value;
    if (running || !model || text.trim() === "") return;
    $("prompt").value = "";
    fit();
    add("user", text);
    const answer = add("assistant", "");
    answer.classList.add("busy");
    answer.dataset.tokens = "0";
    busy(new AbortController());
    const chat = mode() === "chat";
    if (chat) history.push({ role: "user", content: text });
    const written = document.createTextNode("");
    answer.append(written);
    try {
      await receive(chat, text, answer, written);
    } catch (error) {
      if (error.name === "AbortError") note(answer, "Stopped.");
      else note(answer, error instanceof ServerError ? error.message : "The server does not answer.", "error");
    } finally {
      if (chat && written.data === "") history.pop();
      else if (chat) history.push({ role: "assistant", content: written.data });
      answer.classList.remove("busy");
      busy(null);
    }
  }

  async function receive(chat, text, answer, written) {
    const request = { model: model.id, stream: true, stream_options: { include_usage: true }, ...sampling() };
    if (chat) request.messages = history;
    else request.prompt = text;
    let first = 0;
    let tokens = 0;
    for await (const chunk of post(chat ? "v1/chat/completions" : "v1/completions", request, running.signal)) {
      const choice = chunk.choices[0];
      const more = choice && (chat ? choice.delta.content : choice.text);
      if (more) {
        first ||= performance.now();
        const end = atEnd();
        written.appendData(more);
        answer.dataset.tokens = String(++tokens);
        if (end) toEnd();
      }
      if (choice?.finish_reason === "length") note(answer, "Cut at the token limit.");
      if (chunk.usage) {
        tokens = chunk.usage.completion_tokens;
        answer.dataset.tokens = String(tokens);
        const seconds = (performance.now() - first) / 1000;
        const speed = first && tokens > 1 && seconds > 0 ? ` · ${((tokens - 1) / seconds).toFixed(1)} tokens/s` : "";
        $("speed").textContent = `${tokens} tokens${speed}`;
      }
    }
    if (written.data === "") note(answer, "The model ended without a word.");
  }

  function busy(controller) {
    running = controller;
    $("stop").hidden = !controller;
    $("send").disabled = Boolean(controller);
    if (controller) $("speed").textContent = "";
  }

  $("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  $("prompt").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
  $("prompt").addEventListener("input", fit);
  $("stop").addEventListener("click", () => running?.abort());
  $("clear").addEventListener("click", clear);
  for (const input of document.querySelectorAll("input[name=mode]")) {
    input.addEventListener("change", () => {
      clear();
      applyMode();
    });
  }
  if (model) $("max-tokens").value = String(Math.min(200, Math.max(1, Math.floor(model.context / 2))));
  startControls();
  applyMode();
}

/** What the controls say; an empty field leaves the choice to the server. */
function sampling() {
  const values = {};
  for (const [id, name] of Object.entries(NUMBERS)) if ($(id).value !== "") values[name] = Number($(id).value);
  return values;
}

function startControls() {
  const update = () => {
    for (const output of document.querySelectorAll(".controls output")) output.value = output.parentElement.control.value;
    const { temperature, max_tokens: most } = sampling();
    $("sampling-summary").textContent = `temperature ${temperature}${most ? ` · at most ${most} tokens` : ""}`;
  };
  $("sampling").addEventListener("input", update);
  update();
}

function add(role, text) {
  const message = document.createElement("div");
  message.className = `message ${role}`;
  message.textContent = text;
  $("messages").append(message);
  toEnd();
  return message;
}

function note(message, text, kind = "") {
  const line = document.createElement("span");
  line.className = `note ${kind}`;
  line.textContent = text;
  const end = atEnd();
  message.append(line);
  if (end) toEnd();
}

/** The box grows with the text in it. */
function fit() {
  const box = $("prompt");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

function atEnd() {
  const box = $("messages");
  return box.scrollHeight - box.scrollTop - box.clientHeight < 40;
}

function toEnd() {
  const box = $("messages");
  box.scrollTop = box.scrollHeight;
}
