"use strict";

(() => {
  const review = document.getElementById("review");
  if (!review) return;
  const all = (selector, root = review) => [...root.querySelectorAll(selector)];
  const viewers = new Map(all("svg.vb-page").map((svg) => [svg, new PageViewer(svg)]));
  const figures = all(".vb-stage .vb-figure");
  const stage = document.getElementById("vb-stage");
  const state = document.getElementById("vb-image-state");
  const store = { get: (key) => { try { return localStorage.getItem(key); } catch { return null; } }, set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* without it, nothing is remembered */ } } };
  const tabs = all("[role=tab]");
  const layout = { all: false, one: false };
  let current = "";
  let active = null;
  let hoveredPath = "";

  /* ---- documents ---- */
  const panel = (id) => document.getElementById(id);
  function choose(id, focus = false) {
    current = id;
    for (const tab of tabs) {
      const on = tab.dataset.document === id;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      panel(tab.dataset.document).hidden = !on;
      if (on && focus) tab.focus();
    }
    const tab = tabs.find((entry) => entry.dataset.document === id);
    const name = document.getElementById("vb-current");
    if (name) name.textContent = panel(id).querySelector("h2").textContent.trim();
    for (const group of all(".vb-bar-open")) group.hidden = tab.dataset.open !== "1";
    for (const group of all(".vb-bar-decided")) group.hidden = tab.dataset.open === "1";
    active = null;
    arrange();
  }

  function arrange() {
    const chosen = figures.filter((entry) => entry.dataset.document === current);
    const isPhoto = chosen.some((entry) => entry.dataset.context === "Photo ID");
    const beside = isPhoto ? figures.filter((entry) => entry.dataset.context === "Selfie") : [];
    let shown = layout.all ? figures : [...chosen, ...beside];
    if (!active || !shown.some((entry) => entry.contains(active.svg))) active = viewers.get(shown[0]?.querySelector("svg")) ?? null;
    if (layout.one && active) shown = shown.filter((entry) => entry.contains(active.svg));
    for (const figure of figures) {
      figure.hidden = !shown.includes(figure);
      figure.classList.toggle("vb-beside", !layout.all && !layout.one && beside.includes(figure) && chosen.length > 0);
      if (!figure.hidden) viewers.get(figure.querySelector("svg")).load();
    }
    stage.dataset.layout = layout.one ? "one" : layout.all ? "all" : beside.length && chosen.length ? "beside" : "stack";
    stage.style.setProperty("--rows", String(Math.max(1, chosen.length)));
    stage.classList.toggle("vb-nothing", shown.length === 0);
    for (const name of ["all", "one"]) review.querySelector(`[data-tool=${name}]`).setAttribute("aria-pressed", String(layout[name]));
    mark();
  }

  function mark() {
    for (const svg of viewers.keys()) svg.classList.toggle("vb-active", svg === active?.svg);
    if (active && state) state.textContent = `${Math.round(active.zoom * 100)} %${active.turns ? `, ${active.turns * 90}°` : ""}${active.brightness === 1 ? "" : `, brightness ${Math.round(active.brightness * 100)} %`}`;
  }

  for (const tab of tabs) {
    tab.addEventListener("click", () => choose(tab.dataset.document));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      choose(tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length].dataset.document, true);
    });
  }

  /* ---- images ---- */
  const act = (viewer) => { active = viewer; mark(); };
  for (const [svg, viewer] of viewers) {
    svg.addEventListener("pointerenter", () => act(viewer));
    svg.addEventListener("focus", () => act(viewer));
    svg.addEventListener("viewed", mark);
    svg.addEventListener("dblclick", () => { act(viewer); tools.one(); });
  }
  const tools = {
    in: () => active?.zoomBy(PageViewer.STEP),
    out: () => active?.zoomBy(1 / PageViewer.STEP),
    fit: () => active?.fit(),
    left: () => active?.turn(-1),
    right: () => active?.turn(1),
    darker: () => active?.brighten(-0.2),
    brighter: () => active?.brighten(0.2),
    boxes: () => { const off = stage.classList.toggle("vb-no-boxes"); review.querySelector("[data-tool=boxes]").setAttribute("aria-pressed", String(!off)); },
    all: () => { layout.all = !layout.all; layout.one = false; arrange(); },
    one: () => { layout.one = !layout.one; arrange(); },
  };
  for (const button of all("[data-tool]")) button.addEventListener("click", () => tools[button.dataset.tool]());
  for (const details of all(".vb-earlier")) details.addEventListener("toggle", () => { if (details.open) for (const svg of all("svg.vb-page", details)) viewers.get(svg).load(); });

  /* ---- fields and their places ---- */
  const parts = (id, path) => all(`[data-document="${id}"] [data-path="${CSS.escape(path)}"]`);
  function light(id, path, on) { for (const entry of parts(id, path)) entry.classList.toggle("vb-on", on); }
  for (const entry of all("[data-path]")) {
    const id = entry.closest("[data-document]")?.dataset.document;
    if (!id) continue;
    for (const [name, on] of [["mouseenter", true], ["mouseleave", false], ["focusin", true], ["focusout", false]]) {
      entry.addEventListener(name, () => { light(id, entry.dataset.path, on); if (on) hoveredPath = entry.dataset.path; });
    }
  }
  for (const button of all("[data-show]")) {
    button.addEventListener("click", () => {
      const rect = stage.querySelector(`.vb-figure[data-document="${current}"] rect[data-path="${CSS.escape(button.dataset.show)}"]`);
      if (!rect) return;
      act(viewers.get(rect.ownerSVGElement));
      arrange();
      active.lookAt(rect);
    });
  }
  for (const button of all("[data-reveal-path]")) {
    button.addEventListener("click", async () => {
      const body = new URLSearchParams({ document: current, path: button.dataset.revealPath });
      const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
      const response = await fetch(review.dataset.reveal, { method: "POST", body, headers: { "X-CSRFToken": token } });
      const value = button.parentElement.querySelector("[data-value]");
      value.textContent = response.ok ? (await response.json()).value : "could not be shown";
      value.tabIndex = -1;
      value.focus();
      button.remove();
    });
  }

  /* ---- dialogs ---- */
  const dialog = (name) => document.getElementById(`dialog-${name}`);
  function open(name, values = {}) {
    const found = dialog(name);
    if (!found || found.open) return;
    const texts = { name: panel(current)?.querySelector("h2").textContent.trim() ?? "", doubts: review.querySelector(`template[data-doubts="${current}"]`)?.content.textContent ?? "", ...values };
    for (const entry of all("[data-fill]", found)) entry.textContent = texts[entry.dataset.fill] ?? "";
    for (const entry of all("[data-fill-value]", found)) entry.value = { document: current, ...values }[entry.dataset.fillValue] ?? "";
    found.showModal();
  }
  for (const button of all("[data-open-dialog]")) button.addEventListener("click", () => open(button.dataset.openDialog));
  for (const button of all("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
  function correct(path) {
    const found = dialog("correct");
    if (!found || tabs.find((tab) => tab.dataset.document === current)?.dataset.open !== "1") return;
    const select = found.querySelector("select");
    select.replaceChildren(review.querySelector(`template[data-fields="${current}"]`).content.cloneNode(true));
    const button = panel(current).querySelector(`[data-correct="${CSS.escape(path)}"]`);
    if (button) select.value = path;
    found.querySelector("[name=value]").value = button?.dataset.current ?? "";
    open("correct");
  }
  for (const button of all("[data-correct]")) button.addEventListener("click", () => correct(button.dataset.correct));
  dialog("correct")?.querySelector("select").addEventListener("change", (event) => {
    const button = panel(current).querySelector(`[data-correct="${CSS.escape(event.target.value)}"]`);
    dialog("correct").querySelector("[name=value]").value = button?.dataset.current ?? "";
  });
  const override = (button) => { if (button) open("override", { check: button.dataset.override, rule: button.dataset.rule }); };
  for (const button of all("[data-override]")) button.addEventListener("click", () => override(button));
  /* A form is sent once, however often Enter is pressed. */
  for (const form of all("form")) form.addEventListener("submit", (event) => { if (form.dataset.sent) event.preventDefault(); form.dataset.sent = "1"; });
  window.addEventListener("pageshow", () => { for (const form of all("form")) delete form.dataset.sent; });

  /* ---- keys ---- */
  const toggle = document.getElementById("vb-keys-on");
  toggle.checked = store.get("vb-keys") !== "off";
  toggle.addEventListener("change", () => store.set("vb-keys", toggle.checked ? "on" : "off"));
  const press = (key) => review.querySelector(`button[data-key="${key}"]`)?.click();
  const click = (name) => { const button = review.querySelector(`.vb-bar [data-open-dialog=${name}]`); if (button && !button.closest("[hidden]")) open(name); };
  const keys = {
    a: () => click("approve"), r: () => click("reject"), s: () => click("resubmit"), m: () => click("comment"), h: () => press("h"), n: () => press("n"),
    c: () => correct(hoveredPath),
    o: () => { if (review.querySelector(".vb-bar-decided:not([hidden])")) click("reopen"); else override(panel(current).querySelector("[data-override]")); },
    "?": () => open("keys"), "+": tools.in, "=": tools.in, "-": tools.out, 0: tools.fit, ",": tools.left, ".": tools.right, "[": tools.darker, "]": tools.brighter,
    b: tools.boxes, v: tools.all, f: tools.one,
  };
  const arrows = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
  document.addEventListener("keydown", (event) => {
    // For a moment after a dialog has closed its text box still has the focus.
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]") || (typing && !typing.closest("dialog:not([open])"))) return;
    if (arrows[event.key] && event.target.closest("svg.vb-page")) { event.preventDefault(); active.move(...arrows[event.key]); return; }
    if (!toggle.checked) return;
    const tab = tabs[Number(event.key) - 1];
    const found = tab ? () => choose(tab.dataset.document) : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (found) { event.preventDefault(); found(); }
  });

  if (tabs.length) choose((tabs.find((tab) => tab.dataset.open === "1") ?? tabs[0]).dataset.document);
  review.dataset.ready = "1";
})();
