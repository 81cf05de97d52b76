// What two looks at a server's counters say of the time between them. Figures of what is now come from the later look.

const CACHE_WINDOW = 30; // samples over which the share of cache hits is taken

/** The samples of one model, oldest first, at most `most` of them. */
export class Samples {
  constructor(most) {
    this.most = most;
    this.looks = [];
    this.rows = [];
  }

  /** Adds a look: `time` in milliseconds, the model's counters, and those of the whole server. */
  add(time, model, server) {
    const before = this.looks.at(-1);
    if (before && time <= before.time) return;
    if (before && (model.steps < before.model.steps || server.requests < before.server.requests)) {
      this.looks = []; // the server was started again
      this.rows = [];
    }
    this.looks.push({ time, model, server });
    if (this.looks.length > this.most) this.looks.shift();
    if (this.looks.length < 2) return;
    this.rows.push(this.row());
    if (this.rows.length > this.most) this.rows.shift();
  }

  /** What the last two looks say. */
  row() {
    const [before, { time, model }] = this.looks.slice(-2);
    const rate = (name) => (1000 * (model[name] - before.model[name])) / (time - before.time);
    const share = (part) => (model.blocks > 0 ? (100 * part) / model.blocks : null);
    return {
      time,
      out: rate("completion_tokens"),
      in: rate("prompt_tokens"),
      steps: rate("steps"),
      running: model.running,
      waiting: model.waiting,
      used: share(model.used_blocks),
      cached: share(model.cached_blocks),
      hits: this.hits(model),
    };
  }

  /** Of the prompt tokens of late, those that were found computed, in percent; null where there were none. */
  hits(model) {
    const then = this.looks.at(-Math.min(CACHE_WINDOW, this.looks.length)).model;
    const found = model.cached_tokens - then.cached_tokens;
    const all = found + model.prompt_tokens - then.prompt_tokens;
    return all > 0 ? (100 * found) / all : null;
  }
}

/** The mean of a `{ count, seconds }`, in seconds; null where nothing was counted. */
export function mean({ count, seconds } = { count: 0 }) {
  return count > 0 ? seconds / count : null;
}
