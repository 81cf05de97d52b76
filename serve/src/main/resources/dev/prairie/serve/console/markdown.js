// Markdown as elements. marked only takes the text apart; every element is made here, from a closed list of kinds, so
// that nothing a model writes can become anything else: HTML stays text, and a link leads to the web or nowhere.
import { lexer } from "./marked.js";
import { h } from "./dom.js";
import { announce } from "./announce.js";
import { label, say, t } from "./words.js";

const OUTWARD = /^(?:https?:|mailto:)/i;
const DEEPEST = 40; // lists and quotes inside each other

/** Shows `text` in `box`; blocks that are there already stay, so that a growing text does not flicker. */
export function showMarkdown(box, text) {
  const blocks = lexer(text).filter(({ type }) => type !== "space" && type !== "def");
  const shown = (box.shown ??= []);
  let same = 0;
  while (same < blocks.length && shown[same] === blocks[same].raw) same++;
  while (box.childNodes.length > same) box.lastChild.remove();
  for (const token of blocks.slice(same)) box.append(block(token, 0));
  box.shown = blocks.map(({ raw }) => raw);
}

function block(token, depth) {
  if (depth > DEEPEST) return h("p", {}, token.raw);
  switch (token.type) {
    case "heading":
      return h(`h${Math.min(6, token.depth + 2)}`, {}, ...inline(token.tokens, depth));
    case "paragraph":
      return h("p", {}, ...inline(token.tokens, depth));
    case "text": // of a list that is tight
      return h("span", {}, ...inline(token.tokens ?? [token], depth));
    case "code":
      return code(token);
    case "blockquote":
      return h("blockquote", {}, ...blocks(token.tokens, depth));
    case "list":
      return list(token, depth);
    case "table":
      return table(token, depth);
    case "hr":
      return h("hr");
    default:
      return h("p", {}, token.raw);
  }
}

function blocks(tokens, depth) {
  return tokens.filter(({ type }) => type !== "space" && type !== "def").map((token) => block(token, depth + 1));
}

function list(token, depth) {
  const items = token.items.map((item) => {
    const box = item.task && h("input", { type: "checkbox", disabled: true, checked: item.checked });
    return h("li", { class: item.task ? "task" : null }, box || null, ...blocks(item.tokens.filter((part) => part.type !== "checkbox"), depth));
  });
  return h(token.ordered ? "ol" : "ul", { start: token.ordered && token.start !== 1 ? token.start : null }, ...items);
}

function table(token, depth) {
  const cell = (tag) => (part) => h(tag, { class: part.align ? `align-${part.align}` : null }, ...inline(part.tokens, depth));
  const head = h("thead", {}, h("tr", {}, ...token.header.map(cell("th"))));
  const body = h("tbody", {}, ...token.rows.map((row) => h("tr", {}, ...row.map(cell("td")))));
  return h("div", { class: "scroll", tabindex: "0" }, h("table", {}, head, body));
}

function code({ text, lang }) {
  const name = h("span", {}, (lang ?? "").split(/\s/, 1)[0]);
  const copy = say(h("button", { type: "button", class: "plain", onclick: () => copyText(copy, text) }), "message.copy");
  const pre = label(h("pre", { tabindex: "0" }, h("code", {}, text)), "message.code");
  return h("div", { class: "code" }, h("div", { class: "code-bar" }, name, copy), pre);
}

function inline(tokens, depth) {
  return tokens.flatMap((token) => (depth > DEEPEST ? [token.raw] : span(token, depth + 1)));
}

function span(token, depth) {
  switch (token.type) {
    case "strong":
      return h("strong", {}, ...inline(token.tokens, depth));
    case "em":
      return h("em", {}, ...inline(token.tokens, depth));
    case "del":
      return h("del", {}, ...inline(token.tokens, depth));
    case "codespan":
      return h("code", {}, token.text);
    case "br":
      return h("br");
    case "link":
      return link(token, depth);
    case "image": // is not fetched: it could tell others what was read
      return link({ ...token, tokens: [{ type: "text", raw: token.text, text: token.text || token.href }] }, depth);
    case "escape":
      return token.text;
    case "text":
      return token.tokens ? inline(token.tokens, depth) : token.text;
    default:
      return token.raw;
  }
}

function link({ href, tokens, raw }, depth) {
  if (!OUTWARD.test(href)) return raw;
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...inline(tokens, depth));
}

/** Copies, and says so on the button for a while. */
export async function copyText(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text); // a page that came over plain HTTP from another machine has no clipboard
  }
  say(button, "message.copied");
  announce(t("message.copied"));
  setTimeout(() => say(button, "message.copy"), 1500);
}

function copyBySelection(text) {
  const box = h("textarea", { class: "unseen" });
  box.value = text;
  document.body.append(box);
  box.select();
  document.execCommand("copy");
  box.remove();
}
