// Speaks to the server: JSON there and back, and streams of events from a POST, which EventSource cannot send.
import { t } from "./words.js";

/** An error that is worth showing as it stands: what is wrong and what to do. */
export class ServerError extends Error {}

/** GETs JSON. */
export async function get(path) {
  let response;
  try {
    response = await fetch(path);
  } catch {
    throw new ServerError(t("error.silent"));
  }
  if (!response.ok) throw new ServerError(await reason(response));
  return response.json();
}

/** POSTs `body` as JSON and yields the parsed data of each event until [DONE]. */
export async function* post(path, body, signal) {
  const response = await send(path, body, signal);
  const text = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await read(text);
    if (done) throw new ServerError(t("error.broken"));
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      if (!event.startsWith("data: ")) continue; // a keep-alive comment
      const data = event.slice("data: ".length);
      if (data === "[DONE]") return;
      const chunk = parsed(data);
      if (chunk.error) throw new ServerError(chunk.error.message);
      yield chunk;
    }
  }
}

async function send(path, body, signal) {
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError(t("error.silent"));
  }
  if (!response.ok) throw new ServerError(await reason(response));
  return response;
}

function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    throw new ServerError(t("error.broken"));
  }
}

async function read(reader) {
  try {
    return await reader.read();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError(t("error.broken"));
  }
}

/** The server's own words, and what they do not say: what to do about it. */
async function reason(response) {
  let said;
  try {
    said = (await response.json()).error.message;
  } catch {
    said = t("error.status", { status: response.status });
  }
  const seconds = response.headers.get("Retry-After");
  if (response.status === 401) return `${said} ${t("error.key")}`;
  return seconds ? `${said} ${t("error.retry", { seconds })}` : said;
}
