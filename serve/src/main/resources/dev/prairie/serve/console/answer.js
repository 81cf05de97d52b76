// One answer of a model: the request that asks for it, and what comes in, part by part.
import { ServerError, post } from "./stream.js";

const ALTERNATIVES = 5;

/** An answer before its first part. It holds plain data alone, so that it can be kept. */
export function newAnswer(model) {
  return { role: "assistant", model, content: "", reasoning: "", calls: [], tokens: null, count: 0, finish: null };
}

/**
 * Asks for an answer and fills `answer` in, telling `changed` of every part. What goes wrong is kept in it too
 * (`answer.error`), since it belongs where the answer would stand.
 */
export async function ask(answer, { mode, messages, settings, probabilities }, signal, changed) {
  const chat = mode === "chat";
  const { system, ...sampling } = settings;
  const request = { model: answer.model, stream: true, stream_options: { include_usage: true }, ...sampling };
  if (chat) request.messages = [...(system ? [{ role: "system", content: system }] : []), ...answered(messages).map(sent)];
  else request.prompt = messages.at(-1).content;
  if (probabilities && chat) Object.assign(request, { logprobs: true, top_logprobs: ALTERNATIVES });
  else if (probabilities) request.logprobs = ALTERNATIVES;
  if (probabilities) answer.tokens = [];
  const asked = performance.now();
  let first = 0;
  try {
    for await (const chunk of post(chat ? "v1/chat/completions" : "v1/completions", request, signal)) {
      const choice = chunk.choices[0];
      if (choice && take(answer, choice, chat)) {
        first ||= performance.now();
        answer.firstSeconds ??= (first - asked) / 1000;
      }
      if (chunk.usage) takeUsage(answer, chunk.usage, first);
      changed();
    }
  } catch (error) {
    if (error.name === "AbortError") answer.finish = "stopped";
    else if (error instanceof ServerError) answer.error = error.message;
    else throw error;
  }
  if (answer.tokens?.length === 0) {
    answer.unscored = answer.count > 0;
    answer.tokens = null;
  }
  changed();
}

/** Without the questions that got no answer: a template may refuse two in a row. */
function answered(messages) {
  const silent = (message) => message?.role === "assistant" && !message.content && message.calls.length === 0;
  return messages.filter((message, i) => !silent(message) && !silent(messages[i + 1]));
}

/** What a message becomes when it is sent along with later ones. */
function sent(message) {
  if (message.role === "user" || message.calls.length === 0) return { role: message.role, content: message.content };
  const calls = message.calls.map(({ id, name, input }) => ({ id, type: "function", function: { name, arguments: input } }));
  return { role: message.role, content: message.content, tool_calls: calls };
}

/** Adds a part; whether it held any of the answer. */
function take(answer, choice, chat) {
  const delta = chat ? choice.delta : { content: choice.text };
  const more = delta.content || delta.reasoning_content || delta.tool_calls;
  if (delta.content) answer.content += delta.content;
  if (delta.reasoning_content) answer.reasoning += delta.reasoning_content;
  for (const { index, id, function: made } of delta.tool_calls ?? []) {
    const call = (answer.calls[index] ??= { id: "", name: "", input: "" });
    call.id ||= id ?? "";
    call.name += made.name ?? "";
    call.input += made.arguments ?? "";
  }
  if (more) answer.count++;
  if (choice.logprobs && answer.tokens) answer.tokens.push(...(chat ? chatTokens : textTokens)(choice.logprobs));
  if (choice.finish_reason) answer.finish = choice.finish_reason;
  return Boolean(more);
}

function chatTokens({ content }) {
  return (content ?? []).map(({ token, logprob, top_logprobs: top }) => ({
    text: token,
    logprob,
    top: (top ?? []).map((other) => ({ text: other.token, logprob: other.logprob })),
  }));
}

function textTokens({ tokens, token_logprobs: logprobs, top_logprobs: tops }) {
  return (tokens ?? []).map((text, i) => ({
    text,
    logprob: logprobs[i],
    top: Object.entries(tops?.[i] ?? {}).map(([other, logprob]) => ({ text: other, logprob })),
  }));
}

function takeUsage(answer, usage, first) {
  answer.count = usage.completion_tokens;
  answer.prompt = usage.prompt_tokens;
  answer.cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  const seconds = (performance.now() - first) / 1000;
  if (first && answer.count > 1 && seconds > 0) answer.speed = (answer.count - 1) / seconds;
}
