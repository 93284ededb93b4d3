// What the pages need beside htmx: the theme before anything is drawn, keys, sentences that come and go.
"use strict";
(() => {
  const root = document.documentElement;
  const kept = (() => { try { return localStorage.getItem("wirewatch-theme"); } catch { return null; } })();
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;

  function turnTheme() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("wirewatch-theme", root.dataset.theme); } catch { /* for this page only */ }
  }

  function say(text) {
    const place = document.getElementById("said");
    if (!place || !text) return;
    const line = document.createElement("p");
    line.textContent = text;
    place.append(line);
    setTimeout(() => line.remove(), 6000);
  }

  // -- lists: j, k and Enter over what carries data-item, in the order of the page ------------------
  const items = () => [...document.querySelectorAll("[data-item]")].filter((e) => e.offsetParent !== null);
  const chosen = () => document.querySelector(".chosen-item");

  function step(by) {
    const all = items();
    if (!all.length) return;
    const at = all.indexOf(chosen());
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
    chosen()?.classList.remove("chosen-item");
    next.classList.add("chosen-item");
    next.scrollIntoView({ block: "nearest" });
    (next.querySelector("a[href]") ?? next).focus({ preventScroll: true });
  }

  function press(selector) {
    // In a list only what is chosen is rated; the page of one alert has no list of alerts.
    const inList = items().some((item) => item.querySelector(selector));
    const place = chosen() ?? (inList ? null : document.querySelector("main"));
    const button = place?.querySelector(selector);
    if (button) button.click();
  }

  function go(key) {
    const link = document.querySelector(`.pages a[data-key="${CSS.escape(key)}"]`);
    if (link) location.href = link.href;
  }

  let waitsForPage = 0;
  function onKey(event) {
    const into = event.target;
    const types = into.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(into.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey || (types && event.key !== "Escape")) return;
    if (event.key === "Escape") { if (types) into.blur(); return; }
    if (document.querySelector("dialog[open]")) return;
    if (Date.now() - waitsForPage < 1500) { waitsForPage = 0; go(event.key); return; }
    const does = {
      g: () => { waitsForPage = Date.now(); },
      j: () => step(1),
      k: () => step(-1),
      Enter: () => { if (chosen() && !into.closest("a, button")) chosen().querySelector("a[href]")?.click(); },
      u: () => press('[data-key="u"]'),
      n: () => press('[data-key="n"]'),
      t: turnTheme,
      "?": () => document.getElementById("keys")?.showModal(),
      "/": () => {
        const field = document.querySelector("main input[type=search]");
        if (field) field.focus(); else go("/");
      },
    }[event.key];
    if (does) { if (event.key !== "Enter") event.preventDefault(); does(); }
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const does = event.target.closest("[data-does]")?.dataset.does;
    if (does === "theme") turnTheme();
    if (does === "help") document.getElementById("keys").showModal();
    if (does === "copy") {
      const from = document.querySelector(event.target.closest("[data-does]").dataset.from);
      const text = from ? (from.value ?? from.textContent) : "";
      navigator.clipboard?.writeText(text).then(() => say("Copied."), () => say("The browser did not let us copy."));
    }
  });
  // A filter that changes is sent at once; the button is for those who type.
  document.addEventListener("change", (event) => {
    if (event.target.matches("form[data-at-once] select, form[data-at-once] input[type=checkbox]")) event.target.form.requestSubmit();
  });
  // Empty fields stay out of the address.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !confirm(form.dataset.confirm)) { event.preventDefault(); return; }
    if (form.method !== "get") return;
    const emptied = [...form.elements].filter((field) => field.name && !field.value && !field.disabled);
    for (const field of emptied) field.disabled = true;
    setTimeout(() => { for (const field of emptied) field.disabled = false; });
  });

  // What scrolls sideways by itself is reached by keys, too.
  function reach() {
    for (const frame of document.querySelectorAll(".wide, .source, pre")) {
      if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0;
    }
  }
  document.addEventListener("DOMContentLoaded", reach);
  // On a phone the row of pages is longer than the screen.
  document.addEventListener("DOMContentLoaded", () => {
    const row = document.querySelector(".pages"), here = row?.querySelector("[aria-current]");
    if (here) row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
  });
  document.addEventListener("htmx:after:swap", reach);
  document.addEventListener("toggle", reach, true);
  addEventListener("resize", reach);

  // -- live list: what comes in on top does not move what is being read -----------------------------
  document.addEventListener("DOMContentLoaded", () => {
    const list = document.getElementById("alerts");
    if (!list) return;
    new MutationObserver((changes) => {
      const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.nodeType === 1);
      const height = added.reduce((sum, item) => sum + item.getBoundingClientRect().height, 0);
      const isRead = scrollY > 0 || list.matches(":hover, :focus-within");
      if (height && isRead) scrollBy({ top: height, behavior: "instant" });
    }).observe(list, { childList: true });
  });

  // -- htmx -------------------------------------------------------------------------------------
  document.addEventListener("htmx:config:request", (event) => {
    const token = document.querySelector('meta[name="csrf"]')?.content;
    if (token) event.detail.ctx.request.headers["X-CSRF-Token"] = token;
  });
  document.addEventListener("wirewatch:said", (event) => say(event.detail?.text));
  document.addEventListener("htmx:error", () => say("The monitor did not answer. It may be starting; try again."));
})();
