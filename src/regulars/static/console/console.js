// Ease, never need: every page works without this file.
// It focuses the search with Ctrl K, remembers the folded sidebar, closes menus, opens whole rows and
// sends selects at once.
"use strict";

(() => {
  const isWide = window.matchMedia("(width >= 62rem)");
  const find = (selector) => document.querySelector(selector);

  document.documentElement.classList.add("has-script");

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

  // Say how many rows are chosen, in the words the server wrote.
  const count = (rows) => {
    const said = rows.querySelector("[data-count]");
    const chosen = rows.querySelectorAll("[name=ids]:checked").length;
    if (said) said.textContent = `${said.dataset.words ?? (said.dataset.words = said.textContent)}: ${chosen}`;
  };

  // Leave empty filters out of the address.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("[data-trim]")) return;
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    if (event.target.closest("[data-close]")) event.target.closest(".toast").remove();
    const row = event.target.closest(".rows-open tbody tr");
    const meansRow = row && !event.target.closest("a, button, input, summary, label") && !String(window.getSelection());
    if (meansRow) row.querySelector("a")?.click();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("#nav-fold") && isWide.matches) {
      const fold = event.target.checked ? "rail" : "open";
      document.cookie = `regulars_nav=${fold}; path=/; max-age=31536000; samesite=lax`;
    }
    if (event.target.matches("[data-send]")) event.target.form.requestSubmit();
    if (event.target.matches("[data-preset]") && event.target.value) {
      for (const day of event.target.closest("details").querySelectorAll("[type=date]")) day.value = "";
    }
    if (event.target.matches("[data-pick-page]")) {
      for (const box of event.target.closest("table").querySelectorAll("[name=ids]")) box.checked = event.target.checked;
    }
    const rows = event.target.closest(".list-rows");
    if (rows) count(rows);
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
