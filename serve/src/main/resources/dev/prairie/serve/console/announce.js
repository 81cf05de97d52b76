// Tells a screen reader of an answer as it grows: whole sentences, at most one message a second, never single tokens.
import { $ } from "./dom.js";

const PAUSE = 1000;
const SENTENCES = /^[\s\S]*(?:[.!?…](?=\s)|[。！？\n])/;

/** Follows one answer. */
export class Announcer {
  constructor() {
    this.told = 0;
    this.next = 0;
  }

  /** The answer so far. */
  follow(text) {
    const now = performance.now();
    if (now < this.next) return;
    const whole = SENTENCES.exec(text.slice(this.told));
    if (!whole) return;
    this.next = now + PAUSE;
    this.told += whole[0].length;
    announce(whole[0].trim());
  }

  /** The answer is complete: the rest of it, and `words`. */
  end(text, words) {
    announce(`${text.slice(this.told).trim()} ${words}`.trim());
    this.told = text.length;
  }
}

/** Says something to whoever does not see it. */
export function announce(words) {
  if (words) $("announcer").textContent = words;
}
