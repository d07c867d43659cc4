// Ease, never need: every page works without this file.
// It focuses the search with Ctrl K, remembers the folded sidebar, closes menus, opens whole rows and
// sends selects at once.
"use strict";

(() => {
  const isWide = window.matchMedia("(width >= 62rem)");
  const find = (selector) => document.querySelector(selector);

  document.addEventListener("keydown", (event) => {
    const wantsSearch = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (wantsSearch) {
      event.preventDefault();
      find("#global-search")?.focus();
    }
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        menu.querySelector("summary")?.focus();
      }
    }
  });

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const row = event.target.closest(".rows-open tbody tr");
    const meansRow = row && !event.target.closest("a, button, input") && !String(window.getSelection());
    if (meansRow) row.querySelector("a")?.click();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("#nav-fold") && isWide.matches) {
      const fold = event.target.checked ? "rail" : "open";
      document.cookie = `regulars_nav=${fold}; path=/; max-age=31536000; samesite=lax`;
    }
    if (event.target.matches("select[data-send]")) event.target.form.requestSubmit();
  });

  // Remember which groups of the sidebar are open. `toggle` does not bubble, so it is caught.
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.(".nav details[data-group]") || !document.body.dataset.ready) return;
    const open = [...document.querySelectorAll(".nav details[open]")].map((each) => each.dataset.group);
    document.cookie = `regulars_groups=${open.join(".")}; path=/; max-age=31536000; samesite=lax`;
  }, true);
  window.addEventListener("load", () => setTimeout(() => { document.body.dataset.ready = "1"; }));

  // On a narrow screen the same box opens the drawer, which starts closed.
  const fold = find("#nav-fold");
  if (fold && !isWide.matches) fold.checked = false;
})();
