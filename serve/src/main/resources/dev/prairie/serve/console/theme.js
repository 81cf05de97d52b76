// Light, dark, or what the system says. Runs before the page is drawn, so that it does not flash in the other colours.
(() => {
  let theme = "auto";
  try {
    theme = JSON.parse(localStorage.getItem("prairie.theme")) ?? "auto";
  } catch {
    // nothing is kept in this browser
  }
  document.documentElement.dataset.theme = theme;
})();
