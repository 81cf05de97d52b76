// What is said, in the language of the page. Elements carry the key of their text (data-t), label (data-t-label) or
// placeholder (data-t-placeholder), so that a change of language changes what is on the page already.
import chinese from "./chinese.js";
import english from "./english.js";
import { recall, remember } from "./dom.js";

const LANGUAGES = { en: english, zh: chinese };
const TAGS = { en: "en", zh: "zh-CN" };
const values = new WeakMap(); // what stands in the braces of an element's text
let language = "en";

/** The text of a key, `{name}` replaced by `with.name`. */
export function t(key, given = {}) {
  const text = LANGUAGES[language][key];
  if (text === undefined) throw new Error(`no words for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => given[name]);
}

/** Sets the text of `element`, now and whenever the language changes; returns the element. */
export function say(element, key, given = {}) {
  element.dataset.t = key;
  values.set(element, given);
  element.textContent = t(key, given);
  return element;
}

/** Sets the label that a screen reader reads, now and whenever the language changes; returns the element. */
export function label(element, key, given = {}) {
  element.dataset.tLabel = key;
  values.set(element, given);
  element.setAttribute("aria-label", t(key, given));
  return element;
}

/** Sets what stands in an empty `box`, now and whenever the language changes; returns the box. */
export function placeholder(box, key) {
  box.dataset.tPlaceholder = key;
  box.placeholder = t(key);
  return box;
}

/** A number as this language writes it. */
export function number(value, digits = 0) {
  return value.toLocaleString(TAGS[language], { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function clock(time) {
  return new Date(time).toLocaleTimeString(TAGS[language], { hour12: false });
}

/** Puts the page into the language that was chosen here before, else the browser's; `onChange` hears of later ones. */
export function startWords(select, onChange) {
  const told = navigator.languages.some((tag) => /^(zh|en)\b/.test(tag))
    ? navigator.languages.find((tag) => /^(zh|en)\b/.test(tag)).slice(0, 2)
    : "en";
  language = recall("language", told) === "zh" ? "zh" : "en";
  select.value = language;
  select.addEventListener("change", () => {
    language = select.value;
    remember("language", language);
    translate();
    onChange();
  });
  translate();
}

function translate() {
  document.documentElement.lang = TAGS[language];
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t, values.get(element));
  }
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel, values.get(element)));
  }
  for (const element of document.querySelectorAll("[data-t-placeholder]")) {
    element.placeholder = t(element.dataset.tPlaceholder);
  }
}
