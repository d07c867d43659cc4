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

  // Coming back to a list finds it as it was left: place and ticks. What is drawn anew within the page
  // has an address of its own, and the way back from it is a reload.
  const address = () => location.pathname + location.search;
  const BACK = "list:back";
  let shown = address();
  const keepPlace = () => {
    const wrap = find("#list .table-wrap");
    if (!wrap) return;
    const state = {
      top: wrap.scrollTop,
      left: wrap.scrollLeft,
      page: window.scrollY,
      ticks: all("#list [name=ids]:checked").map((box) => box.value),
      all: Boolean(find("#list [name=all]:checked")),
      here: rows().findIndex((row) => row.classList.contains("is-here")),
    };
    sessionStorage.setItem(`list:${shown}`, JSON.stringify(state));
  };
  const findPlace = () => {
    const wrap = find("#list .table-wrap");
    const state = wrap && JSON.parse(sessionStorage.getItem(`list:${shown}`) ?? "null");
    if (!state) return;
    for (const box of all("#list [name=ids]")) box.checked = state.ticks.includes(box.value);
    const whole = find("#list [name=all]");
    if (whole) whole.checked = state.all;
    rows()[state.here]?.classList.add("is-here");
    wrap.scrollTo(state.left, state.top);
    window.scrollTo(0, state.page);
    for (const list of all(".list-rows")) count(list);
  };
  window.addEventListener("pagehide", keepPlace);
  document.addEventListener("htmx:beforeHistorySave", keepPlace);
  for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) {
    document.addEventListener(name, () => { shown = address(); });
  }
  window.addEventListener("popstate", () => sessionStorage.setItem(BACK, address()));
  window.addEventListener("pageshow", () => {
    const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    const isAgain = sessionStorage.getItem(BACK) === shown;
    sessionStorage.removeItem(BACK);
    if (isBack || isAgain) findPlace();
  });

  // Widths of columns: drag the edge of a head, or move it by arrow keys; the server remembers them.
  const WIDTH = { least: 48, most: 800, step: 8, leap: 48 };
  const widen = (head, pixels) => {
    const width = pixels && Math.min(Math.max(Math.round(pixels), WIDTH.least), WIDTH.most);
    const cell = head.closest("th");
    for (const row of cell.closest("table").rows) {
      const part = row === cell.parentElement ? head : row.cells[cell.cellIndex];
      if (part !== head) part.classList.toggle("clip", Boolean(width));
      if (width) part.style.setProperty("--w", `${width}px`);
      else part.removeAttribute("style");
    }
    const edge = cell.querySelector(".edge");
    edge.setAttribute("aria-valuenow", Math.round(head.getBoundingClientRect().width));
    edge.dataset.width = String(width);
  };
  const keepWidth = (head) => {
    const edge = head.closest("th").querySelector(".edge");
    const form = find("#list form[data-columns]");
    if (!form || edge.dataset.width === undefined || edge.dataset.width === edge.dataset.kept) return;
    edge.dataset.kept = edge.dataset.width;
    const said = new URLSearchParams({ list: form.elements.list.value, width: `${head.dataset.code}:${edge.dataset.width}` });
    said.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    fetch(form.action, { method: "POST", body: said, redirect: "manual", keepalive: true });
  };
  const addEdges = () => {
    for (const head of all("#list .col[data-code]")) {
      if (head.parentElement.querySelector(".edge") || !find("#list form[data-columns]")) continue;
      const edge = document.createElement("span");
      const said = { role: "separator", tabindex: "0", "aria-orientation": "vertical", "aria-label": head.dataset.width,
        "aria-valuemin": WIDTH.least, "aria-valuemax": WIDTH.most, "aria-valuenow": Math.round(head.getBoundingClientRect().width) };
      for (const [name, value] of Object.entries(said)) edge.setAttribute(name, value);
      edge.className = "edge";
      head.after(edge);
    }
  };
  const headOf = (edge) => edge.parentElement.querySelector(".col");
  document.addEventListener("pointerdown", (event) => {
    const edge = event.target.closest(".edge");
    if (!edge || event.button) return;
    event.preventDefault();
    const head = headOf(edge);
    const [from, width] = [event.clientX, head.getBoundingClientRect().width];
    const way = getComputedStyle(head).direction === "rtl" ? -1 : 1;
    edge.setPointerCapture(event.pointerId);
    const move = (moved) => widen(head, width + way * (moved.clientX - from));
    edge.addEventListener("pointermove", move);
    edge.addEventListener("lostpointercapture", () => {
      edge.removeEventListener("pointermove", move);
      keepWidth(head);
    }, { once: true });
  });
  document.addEventListener("dblclick", (event) => {
    const edge = event.target.closest(".edge");
    if (!edge) return;
    widen(headOf(edge), 0);
    keepWidth(headOf(edge));
  });
  document.addEventListener("keydown", (event) => {
    const edge = event.target.closest(".edge");
    if (!edge || event.ctrlKey || event.metaKey || event.altKey) return;
    const head = headOf(edge);
    const width = head.getBoundingClientRect().width;
    const step = event.shiftKey ? WIDTH.leap : WIDTH.step;
    const meant = { ArrowLeft: width - step, ArrowRight: width + step, Home: WIDTH.least, End: WIDTH.most, Enter: 0 }[event.key];
    if (meant === undefined) return;
    event.preventDefault();
    widen(head, meant && Math.max(meant, WIDTH.least));
  });
  for (const name of ["keyup", "focusout"]) {
    document.addEventListener(name, (event) => {
      const edge = event.target.closest?.(".edge");
      if (edge) keepWidth(headOf(edge));
    });
  }
  document.addEventListener("htmx:afterSwap", addEdges);
  addEdges();

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
