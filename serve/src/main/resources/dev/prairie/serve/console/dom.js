// Makes elements. Text is only ever set as text: nothing here, or in any other file, reads HTML.

export const $ = (id) => document.getElementById(id);

/**
 * An element: `h("button", { class: "plain", onclick: f, "aria-label": "Copy" }, "Copy")`. Properties that are functions
 * listen, `true` sets a bare attribute, `false`, null and undefined set none. Children are nodes or texts.
 */
export function h(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

/** Runs `draw` at most once a frame however often it is asked to; `draw.now()` does not wait. */
export function onceAFrame(draw) {
  let frame = 0;
  const now = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    draw();
  };
  const soon = () => {
    frame ||= requestAnimationFrame(now);
  };
  soon.now = now;
  return soon;
}

/** A value kept in this browser, or `otherwise` where nothing is kept or may be. */
export function recall(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`prairie.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`prairie.${name}`, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing forgets: the page works all the same.
  }
}
