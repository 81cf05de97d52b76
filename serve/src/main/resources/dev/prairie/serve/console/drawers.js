// Side columns that become drawers where the page is narrow: opened by a button, closed by Esc, by their own button, by
// the ground behind them, and by a choice made in them.
import { $ } from "./dom.js";

export function startDrawers() {
  let open = null;

  function close() {
    if (!open) return;
    open.drawer.classList.remove("shown");
    open.opener.setAttribute("aria-expanded", "false");
    const inside = open.drawer.contains(document.activeElement);
    $("backdrop").hidden = true;
    if (inside) open.opener.focus();
    open = null;
  }

  for (const opener of document.querySelectorAll(".opens")) {
    const drawer = $(opener.getAttribute("aria-controls"));
    opener.addEventListener("click", () => {
      const was = open?.drawer === drawer;
      close();
      if (was) return;
      open = { drawer, opener };
      drawer.classList.add("shown");
      opener.setAttribute("aria-expanded", "true");
      $("backdrop").hidden = false;
      drawer.querySelector("button, input").focus();
    });
    drawer.querySelector(".close").addEventListener("click", close);
  }
  $("backdrop").addEventListener("click", close);
  document.addEventListener("chosen", () => {
    if (open?.drawer.id === "conversations") close();
  });
  document.addEventListener("keydown", ({ key }) => key === "Escape" && close());
}
