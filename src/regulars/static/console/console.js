// Ease, never need: every page works without this file.
"use strict";

(() => {
  const isWide = window.matchMedia("(width >= 62rem)");
  const find = (selector) => document.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isWriting = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

  document.documentElement.classList.add("has-script");

  // Keys: / and Ctrl K search, j and k walk rows, Enter opens, x ticks, ? helps, Esc closes.
  const rows = () => all(".rows-open tbody tr");
  const walk = (step) => {
    const list = rows();
    if (!list.length) return;
    const place = list.findIndex((row) => row.classList.contains("is-here"));
    const next = list[Math.min(Math.max(place + step, 0), list.length - 1)];
    list[place]?.classList.remove("is-here");
    next.classList.add("is-here");
    next.scrollIntoView({ block: "nearest" });
    (next.querySelector("a") ?? next.querySelector("input"))?.focus({ preventScroll: true });
  };
  const close = () => {
    for (const menu of all("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
    for (const toast of all(".toast[data-level]")) toast.remove();
  };
  const openHelp = () => {
    const help = find("#help");
    if (!help) return;
    help.open = !help.open;
    help.querySelector("summary")?.focus();
  };
  const keys = { j: () => walk(1), k: () => walk(-1), "/": () => find("#global-search")?.focus(), "?": openHelp };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      find("#global-search")?.focus();
      return;
    }
    if (event.key === "Escape") close();
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
    const here = find("tr.is-here");
    if (event.key === "x") here?.querySelector("[name=ids]")?.click();
    if (event.key === "Enter" && here && !event.target.closest("a, button, summary")) here.querySelector("a")?.click();
  });

  // Say how many rows are chosen, in the words the server wrote.
  const count = (list) => {
    const said = list.querySelector("[data-count]");
    const chosen = list.querySelectorAll("[name=ids]:checked").length;
    if (said) said.textContent = `${said.dataset.words ?? (said.dataset.words = said.textContent)}: ${chosen}`;
  };

  // Leave empty filters out of the address.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("[data-trim]")) return;
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });

  document.addEventListener("click", (event) => {
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-close]")) event.target.closest(".toast").remove();
    const row = event.target.closest(".rows-open tbody tr");
    const meansRow = row && !event.target.closest("a, button, input, summary, label, .menu") && !String(window.getSelection());
    if (meansRow) row.querySelector("a")?.click();
  });
  document.addEventListener("auxclick", (event) => {
    const row = event.target.closest(".rows-open tbody tr[data-href]");
    if (event.button === 1 && row && !event.target.closest("a, button, input")) window.open(row.dataset.href, "_blank", "noopener");
  });

  document.addEventListener("change", (event) => {
    const changed = event.target;
    if (changed.matches("#nav-fold") && isWide.matches) {
      document.cookie = `regulars_nav=${changed.checked ? "rail" : "open"}; path=/; max-age=31536000; samesite=lax`;
    }
    if (changed.matches("[data-send]")) changed.form.requestSubmit();
    if (changed.matches("[data-preset]") && changed.value) {
      for (const day of all("[type=date]", changed.closest("details"))) day.value = "";
    }
    if (changed.matches("[data-pick-page]")) {
      for (const box of all("[name=ids]", changed.closest("table"))) box.checked = changed.checked;
    }
    const list = changed.closest(".list-rows");
    if (list) count(list);
    if (changed.closest("form[data-guard]")) unsaved = changed.closest("form");
  });

  // Leaving a form with something typed asks first; sending it does not.
  let unsaved = null;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form) unsaved = form;
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved?.isConnected) event.preventDefault();
  });

  // Coming back to a list finds it as it was left: place and ticks.
  const kept = () => `list:${location.pathname}${location.search}`;
  window.addEventListener("pagehide", () => {
    const wrap = find("#list .table-wrap");
    if (!wrap) return;
    const state = {
      top: wrap.scrollTop,
      ticks: all("#list [name=ids]:checked").map((box) => box.value),
      here: rows().findIndex((row) => row.classList.contains("is-here")),
    };
    sessionStorage.setItem(kept(), JSON.stringify(state));
  });
  window.addEventListener("pageshow", () => {
    const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    const wrap = find("#list .table-wrap");
    const state = isBack && wrap && JSON.parse(sessionStorage.getItem(kept()) ?? "null");
    if (!state) return;
    for (const box of all("#list [name=ids]")) box.checked = state.ticks.includes(box.value);
    rows()[state.here]?.classList.add("is-here");
    wrap.scrollTop = state.top;
    for (const list of all(".list-rows")) count(list);
  });

  // Widths of columns: drag the head's edge; the server remembers them.
  document.addEventListener("pointerup", () => {
    for (const head of all(".col[data-code]")) {
      const width = Math.round(head.getBoundingClientRect().width);
      if (!head.style.inlineSize && !head.style.width) continue;
      if (head.dataset.width === String(width)) continue;
      head.dataset.width = String(width);
      const form = find("#list form[data-columns]");
      if (!form) continue;
      const said = new URLSearchParams({ list: form.elements.list.value, width: `${head.dataset.code}:${width}` });
      said.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      fetch(form.action, { method: "POST", body: said, redirect: "manual" });
    }
  });

  // A filter opens below itself, and never beyond the edge of its toolbar.
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.(".filters > details[open]")) return;
    const [bar, form] = [event.target.closest(".toolbar"), event.target.querySelector(".menu-form")];
    const most = bar.clientWidth - form.offsetWidth - 16;
    form.style.setProperty("--x", `${Math.max(16, Math.min(event.target.offsetLeft, most))}px`);
  }, true);

  // On the rail a group has no room: opening one opens the sidebar.
  document.addEventListener("click", (event) => {
    const fold = find("#nav-fold");
    if (event.target.closest(".nav summary") && fold?.checked && isWide.matches) fold.click();
  });

  // Remember which groups of the sidebar are open. `toggle` does not bubble, so it is caught.
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.(".nav details[data-group]") || !document.body.dataset.ready) return;
    const open = all(".nav details[open]").map((each) => each.dataset.group);
    document.cookie = `regulars_groups=${open.join(".")}; path=/; max-age=31536000; samesite=lax`;
  }, true);
  window.addEventListener("load", () => setTimeout(() => { document.body.dataset.ready = "1"; }));

  // A part of a page that could not be fetched: go there whole, or say that the house is out of reach.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (target.id && xhr.responseText.includes(`id="${target.id}"`)) return;
    event.detail.shouldSwap = false;
    location.assign(xhr.responseURL);
  });
  // Out of reach: what was typed stays where it is, nothing is left for a blank page, and what was
  // meant can be tried again. A form somebody filled in is sent only after the house has answered.
  const PATIENCE_MS = 8000;
  let again = null;
  const sayOffline = (retry) => {
    again = retry ?? again;
    find("#offline").hidden = false;
  };
  const sayOnline = () => {
    again = null;
    find("#offline").hidden = true;
  };
  const answers = async () => {
    try {
      return (await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) })).ok;
    } catch {
      return false;
    }
  };
  const isGone = () => navigator.onLine === false;
  const reached = new WeakSet();
  const asking = new WeakSet();
  const send = async (form, submitter) => {
    if (asking.has(form)) return;
    asking.add(form);
    form.setAttribute("aria-busy", "true");
    const isThere = await answers();
    form.removeAttribute("aria-busy");
    asking.delete(form);
    if (!isThere) {
      sayOffline(() => send(form, submitter));
      return;
    }
    sayOnline();
    reached.add(form);
    form.requestSubmit(submitter?.isConnected ? submitter : null);
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if ((form.matches("[data-guard]") || isGone()) && !reached.delete(form)) {
      event.preventDefault();
      send(form, event.submitter);
      return;
    }
    if (form === unsaved) unsaved = null;
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || !isGone() || event.defaultPrevented || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    sayOffline(() => link.click());
  });
  document.addEventListener("click", async (event) => {
    if (!event.target.closest("[data-again]")) return;
    const meant = again;
    if (!(await answers())) return;
    sayOnline();
    meant?.();
  });
  window.addEventListener("offline", () => sayOffline());
  window.addEventListener("online", () => { if (!again) sayOnline(); });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const { requestConfig: asked, pathInfo } = event.detail;
      const path = asked?.verb === "get" && (pathInfo?.finalRequestPath ?? asked.path);
      sayOffline(path ? () => location.assign(path) : () => location.reload());
    });
  }
  document.addEventListener("htmx:afterSwap", sayOnline);

  // On a narrow screen the same box opens the drawer, which starts closed.
  const fold = find("#nav-fold");
  if (fold && !isWide.matches) fold.checked = false;
})();
