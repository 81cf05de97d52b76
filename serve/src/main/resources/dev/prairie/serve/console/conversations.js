// The list of conversations: new, open, search, rename, delete with a way back, export, import.
import { $, h } from "./dom.js";
import { announce } from "./announce.js";
import { LIMIT } from "./store.js";
import { label, say, t } from "./words.js";

const UNDO = 8000;

export class Conversations {
  /** @param open called with a conversation, or with null for a new one */
  constructor(store, open) {
    this.store = store;
    this.open = open;
    this.current = null;
    this.timer = 0;
    $("new-conversation").addEventListener("click", () => open(null));
    $("search").addEventListener("input", () => this.draw());
    $("export").addEventListener("click", () => this.export());
    $("import").addEventListener("click", () => $("import-file").click());
    $("import-file").addEventListener("change", () => this.import());
    if (!store.keeps) this.tell("conversations.unkept");
    this.draw();
  }

  /** Which conversation is on the page. */
  mark(id) {
    this.current = id;
    this.draw();
  }

  /** Keeps a conversation that has changed. */
  async keep(conversation) {
    const kept = this.store.keeps;
    const gone = await this.store.put(conversation);
    if (gone) this.tell("conversations.full", { count: gone, limit: LIMIT });
    if (kept && !this.store.keeps) this.tell("conversations.unkept");
    this.draw();
  }

  draw() {
    const words = $("search").value;
    const found = this.store.list(words);
    $("conversation-list").replaceChildren(...found.map((each) => this.item(each)));
    $("no-conversations").hidden = found.length > 0;
    say($("no-conversations"), words.trim() ? "conversations.nothing" : "conversations.none");
  }

  item(conversation) {
    const title = titleOf(conversation);
    const here = conversation.id === this.current;
    const open = h("button", { type: "button", class: "open", title, "aria-current": here ? "true" : null, onclick: () => this.open(conversation) }, title);
    const rename = icon("✎", "conversations.renameThis", title, () => this.rename(made, conversation));
    const remove = icon("✕", "conversations.deleteThis", title, () => this.delete(conversation));
    const made = h("li", { class: here ? "current" : null }, open, rename, remove);
    return made;
  }

  rename(item, conversation) {
    const box = label(h("input", { type: "text", maxlength: 120 }), "conversations.name");
    box.value = titleOf(conversation);
    let ended = false;
    const end = (keep) => {
      if (ended) return;
      ended = true;
      if (keep && box.value.trim()) {
        conversation.title = box.value.trim();
        this.store.put(conversation);
      }
      this.draw();
      $("conversation-list").querySelector("[aria-current]")?.focus();
    };
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.stopPropagation();
      end(event.key === "Enter");
    });
    box.addEventListener("blur", () => end(true));
    item.replaceChildren(box);
    box.select();
  }

  async delete(conversation) {
    await this.store.delete(conversation.id);
    if (conversation.id === this.current) this.open(null);
    this.draw();
    const back = async () => {
      await this.store.put(conversation);
      this.quiet();
      this.draw();
    };
    this.tell("conversations.deleted", { title: titleOf(conversation) }, back);
  }

  /** Says what happened, for a while, with a way back if there is one. */
  tell(key, given = {}, back = null) {
    const undo = back && say(h("button", { type: "button", onclick: back }), "undo");
    $("toast").replaceChildren(say(h("span"), key, given), undo ?? "");
    $("toast").hidden = false;
    announce(t(key, given));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.quiet(), UNDO);
  }

  quiet() {
    if ($("toast").contains(document.activeElement)) $("prompt").focus();
    $("toast").hidden = true;
  }

  export() {
    const url = URL.createObjectURL(new Blob([this.store.exported()], { type: "application/json" }));
    const day = new Date().toISOString().slice(0, 10);
    h("a", { href: url, download: `prairie-conversations-${day}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  async import() {
    const [file] = $("import-file").files;
    $("import-file").value = "";
    if (!file) return;
    const count = await this.store.imported(await file.text());
    if (count === null) this.tell("conversations.notOurs", { name: file.name });
    else this.tell("conversations.imported", { count });
    this.draw();
  }
}

function titleOf(conversation) {
  return conversation.title || t("conversations.untitled");
}

function icon(sign, key, title, onclick) {
  const made = label(h("button", { type: "button", class: "plain icon", onclick }), key, { title });
  made.append(h("span", { "aria-hidden": "true" }, sign));
  return made;
}
