// Conversations, kept in this browser's IndexedDB: plain data, at most LIMIT of them. Where nothing can be kept (a private
// window, a store that another page has blocked), they live as long as the page.
export const LIMIT = 200;

const NAME = "conversations";

/** A store that does not answer for so long is none: the page must not wait for it. */
const PATIENCE = 2000;

export class Store {
  /** Opens what is kept. */
  static async open() {
    const store = new Store();
    try {
      store.database = await inTime(done(opened()));
      for (const each of await inTime(done(store.shelf("readonly").getAll()))) store.all.set(each.id, each);
    } catch {
      store.database = null;
    }
    return store;
  }

  constructor() {
    this.all = new Map();
    this.database = null;
    // A second page of the same browser writes too: what it wrote is read here, what it is writing is its own.
    this.others = new BroadcastChannel("prairie.conversations");
  }

  /** Whether conversations outlive the page. */
  get keeps() {
    return this.database !== null;
  }

  /** Those with `words` in title or messages, the latest first. */
  list(words = "") {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (each) => {
      const text = [each.title, ...each.messages.map(({ content }) => content)].join("\n").toLowerCase();
      return wanted.every((word) => text.includes(word));
    };
    return [...this.all.values()].filter((each) => wanted.length === 0 || matches(each)).sort((a, b) => b.changed - a.changed);
  }

  get(id) {
    return this.all.get(id) ?? null;
  }

  /** Keeps a conversation; returns how many old ones had to make room. */
  async put(conversation) {
    this.all.set(conversation.id, conversation);
    const old = this.list().slice(LIMIT);
    await this.write((shelf) => {
      shelf.put(conversation);
      for (const { id } of old) shelf.delete(id);
    });
    for (const { id } of old) this.all.delete(id);
    this.others.postMessage({ put: conversation.id });
    return old.length;
  }

  async delete(id) {
    this.all.delete(id);
    await this.write((shelf) => shelf.delete(id));
    this.others.postMessage({ delete: id });
  }

  /** Calls `changed` with an id when another page has written or deleted that conversation. */
  follow(changed) {
    this.others.addEventListener("message", async ({ data }) => {
      if (data.delete) this.all.delete(data.delete);
      else if (this.database) {
        const now = await done(this.shelf("readonly").get(data.put));
        if (now) this.all.set(now.id, now);
      }
      changed(data.put ?? data.delete);
    });
  }

  /** All of it, as a text for a file. */
  exported() {
    return JSON.stringify({ prairie: NAME, version: 1, conversations: this.list() }, null, 1);
  }

  /** Adds what `exported` wrote; returns how many conversations, or null if the text is something else. */
  async imported(text) {
    let read;
    try {
      read = JSON.parse(text);
    } catch {
      return null;
    }
    if (read?.prairie !== NAME || !Array.isArray(read.conversations)) return null;
    const whole = read.conversations.map(checked).filter((each) => each !== null);
    for (const each of whole.reverse()) await this.put(each);
    return whole.length;
  }

  shelf(mode) {
    return this.database.transaction(NAME, mode).objectStore(NAME);
  }

  async write(change) {
    if (!this.database) return;
    try {
      const shelf = this.shelf("readwrite");
      change(shelf);
      await finished(shelf.transaction);
    } catch {
      this.database = null; // full, or taken away: go on without
    }
  }
}

/** A conversation from a file, with nothing in it that the page does not expect; null if it is none. */
function checked(given) {
  if (typeof given?.id !== "string" || !Array.isArray(given.messages)) return null;
  const text = (value) => (typeof value === "string" ? value : "");
  const time = (value) => (Number.isFinite(value) ? value : Date.now());
  const figure = (value) => (Number.isFinite(value) ? value : undefined);
  const message = (each) =>
    each?.role === "user"
      ? { role: "user", content: text(each.content) }
      : {
          role: "assistant",
          model: text(each?.model),
          content: text(each?.content),
          reasoning: text(each?.reasoning),
          calls: list(each?.calls).map((call) => ({ id: text(call?.id), name: text(call?.name), input: text(call?.input) })),
          tokens: Array.isArray(each?.tokens) ? each.tokens.map(token) : null,
          count: figure(each?.count) ?? 0,
          prompt: figure(each?.prompt),
          cached: figure(each?.cached),
          speed: figure(each?.speed),
          firstSeconds: figure(each?.firstSeconds),
          finish: text(each?.finish) || null,
          error: text(each?.error) || undefined,
        };
  const token = (each) => ({
    text: text(each?.text),
    logprob: figure(each?.logprob) ?? null,
    top: list(each?.top).map((other) => ({ text: text(other?.text), logprob: figure(other?.logprob) ?? null })),
  });
  const settings = Object.fromEntries(
    Object.entries(given.settings ?? {}).filter(([name, value]) => (name === "system" ? typeof value === "string" : Number.isFinite(value))),
  );
  return {
    id: given.id,
    title: text(given.title),
    created: time(given.created),
    changed: time(given.changed),
    mode: given.mode === "complete" ? "complete" : "chat",
    model: text(given.model),
    settings,
    messages: given.messages.map(message),
  };
}

function list(value) {
  return Array.isArray(value) ? value : [];
}

function opened() {
  const request = indexedDB.open("prairie", 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(NAME, { keyPath: "id" }));
  return request;
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
    request.addEventListener("blocked", () => reject(new Error("blocked")));
  });
}

function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", resolve);
    transaction.addEventListener("abort", () => reject(transaction.error));
  });
}

function inTime(promise) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("the store does not answer")), PATIENCE));
  return Promise.race([promise, late]);
}
