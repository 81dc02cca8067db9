"use strict";

const STEP = 1.25;

function zoomable(page) {
  const full = { x: 0, y: 0, w: Number(page.dataset.width), h: Number(page.dataset.height) };
  let box = { ...full };
  let from = null;

  const show = () => page.setAttribute("viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`);
  const clamp = () => {
    box.w = Math.min(full.w, Math.max(full.w / 12, box.w));
    box.h = box.w * (full.h / full.w);
    box.x = Math.min(full.w - box.w, Math.max(0, box.x));
    box.y = Math.min(full.h - box.h, Math.max(0, box.y));
    show();
  };
  const zoom = (factor, at) => {
    const width = box.w / factor;
    box.x += (box.w - width) * at.x;
    box.y += (box.h - box.h / factor) * at.y;
    box.w = width;
    clamp();
  };
  const place = (event) => {
    const area = page.getBoundingClientRect();
    return { x: (event.clientX - area.left) / area.width, y: (event.clientY - area.top) / area.height };
  };

  page.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? STEP : 1 / STEP, place(event)); }, { passive: false });
  page.addEventListener("pointerdown", (event) => { from = { ...place(event), left: box.x, top: box.y }; page.setPointerCapture(event.pointerId); });
  page.addEventListener("pointerup", () => { from = null; });
  page.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = place(event);
    box.x = from.left - (to.x - from.x) * box.w;
    box.y = from.top - (to.y - from.y) * box.h;
    clamp();
  });
  page.addEventListener("keydown", (event) => {
    const middle = { x: 0.5, y: 0.5 };
    const keys = {
      "+": () => zoom(STEP, middle), "=": () => zoom(STEP, middle), "-": () => zoom(1 / STEP, middle), 0: () => { box = { ...full }; show(); },
      ArrowLeft: () => { box.x -= box.w / 10; clamp(); }, ArrowRight: () => { box.x += box.w / 10; clamp(); },
      ArrowUp: () => { box.y -= box.h / 10; clamp(); }, ArrowDown: () => { box.y += box.h / 10; clamp(); },
    };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
}

function linkFieldsAndBoxes(document_) {
  const light = (path, on) => document_.querySelectorAll(`[data-path="${path}"]`).forEach((entry) => entry.classList.toggle("vb-on", on));
  document_.querySelectorAll("[data-path]").forEach((entry) => {
    entry.addEventListener("mouseenter", () => light(entry.dataset.path, true));
    entry.addEventListener("mouseleave", () => light(entry.dataset.path, false));
  });
}

document.querySelectorAll(".vb-page").forEach(zoomable);
document.querySelectorAll(".vb-document").forEach(linkFieldsAndBoxes);
