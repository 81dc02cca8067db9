"use strict";

/* One page of a document: zoom, pan, turn, brightness. Positions are in pixels of the upright page. */
class PageViewer {
  static STEP = 1.25;
  static CLOSEST = 12;

  constructor(svg) {
    this.svg = svg;
    this.group = svg.querySelector("g");
    this.image = svg.querySelector("image");
    this.width = Number(svg.dataset.width);
    this.height = Number(svg.dataset.height);
    this.turns = 0;
    this.brightness = 1;
    this.from = null;
    this.pinch = new Map();
    this.fit();
    this.listen();
  }

  load() {
    if (!this.image.hasAttribute("href")) this.image.setAttribute("href", this.svg.dataset.href);
  }

  get full() {
    return this.turns % 2 ? { x: 0, y: 0, w: this.height, h: this.width } : { x: 0, y: 0, w: this.width, h: this.height };
  }

  get zoom() { return this.full.w / this.box.w; }

  show() {
    const full = this.full;
    this.box.w = Math.min(full.w, Math.max(full.w / PageViewer.CLOSEST, this.box.w));
    this.box.h = this.box.w * (full.h / full.w);
    this.box.x = Math.min(full.w - this.box.w, Math.max(0, this.box.x));
    this.box.y = Math.min(full.h - this.box.h, Math.max(0, this.box.y));
    this.svg.setAttribute("viewBox", `${this.box.x} ${this.box.y} ${this.box.w} ${this.box.h}`);
    this.svg.dispatchEvent(new CustomEvent("viewed", { bubbles: true }));
  }

  fit() { this.box = { ...this.full }; this.show(); }

  zoomBy(factor, at = { x: 0.5, y: 0.5 }) {
    const width = Math.min(this.full.w, Math.max(this.full.w / PageViewer.CLOSEST, this.box.w / factor));
    const height = width * (this.full.h / this.full.w);
    this.box.x += (this.box.w - width) * at.x;
    this.box.y += (this.box.h - height) * at.y;
    this.box.w = width;
    this.show();
  }

  move(x, y) { this.box.x += x * this.box.w; this.box.y += y * this.box.h; this.show(); }

  turn(by) {
    this.turns = (this.turns + by + 4) % 4;
    const places = ["", `translate(${this.height} 0) rotate(90)`, `translate(${this.width} ${this.height}) rotate(180)`, `translate(0 ${this.width}) rotate(270)`];
    this.group.setAttribute("transform", places[this.turns]);
    this.fit();
  }

  brighten(by) {
    this.brightness = Math.min(3, Math.max(0.4, Math.round((this.brightness + by) * 10) / 10));
    this.image.style.filter = this.brightness === 1 ? "" : `brightness(${this.brightness})`;
    this.show();
  }

  /* Brings the place where a field was read into view, with room around it. */
  lookAt(rect) {
    const [x, y, w, h] = ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));
    if (this.turns) this.turn(4 - this.turns);
    const full = this.full;
    this.box.w = Math.min(full.w, Math.max(w * 2.5, h * 6 * (full.w / full.h), full.w / 4));
    this.box.h = this.box.w * (full.h / full.w);
    this.box.x = x + w / 2 - this.box.w / 2;
    this.box.y = y + h / 2 - this.box.h / 2;
    this.show();
  }

  /* Where the pointer is, as a share of what is shown. */
  place(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return { x: (at.x - this.box.x) / this.box.w, y: (at.y - this.box.y) / this.box.h };
  }

  listen() {
    const svg = this.svg;
    svg.addEventListener("wheel", (event) => { event.preventDefault(); this.zoomBy(event.deltaY < 0 ? PageViewer.STEP : 1 / PageViewer.STEP, this.place(event)); }, { passive: false });
    svg.addEventListener("pointerdown", (event) => {
      this.pinch.set(event.pointerId, event);
      this.from = { ...this.place(event), left: this.box.x, top: this.box.y };
      svg.setPointerCapture(event.pointerId);
    });
    const up = (event) => { this.pinch.delete(event.pointerId); this.from = null; };
    svg.addEventListener("pointerup", up);
    svg.addEventListener("pointercancel", up);
    svg.addEventListener("pointermove", (event) => this.drag(event));
  }

  drag(event) {
    if (!this.pinch.has(event.pointerId)) return;
    if (this.pinch.size === 2) { this.stretch(event); return; }
    if (!this.from) return;
    const to = this.place(event);
    this.box.x = this.from.left - (to.x - this.from.x) * this.box.w;
    this.box.y = this.from.top - (to.y - this.from.y) * this.box.h;
    this.show();
  }

  stretch(event) {
    const span = () => { const [one, two] = [...this.pinch.values()]; return Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY) || 1; };
    const before = span();
    this.pinch.set(event.pointerId, event);
    this.zoomBy(span() / before);
  }
}
