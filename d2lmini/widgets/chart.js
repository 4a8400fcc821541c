// What figures with curves share: a drawing as wide as its panel, axes, lines, dragging.
import { clamp, fmt, svg } from "./kit.js";

const words = (x, y, text, anchor = "middle") =>
  svg("text", { x, y, "text-anchor": anchor, style: "fill: var(--muted); font-size: 12px" }, text);
export const rule = (x1, y1, x2, y2, style = "stroke: var(--line)") => svg("line", { x1, y1, x2, y2, style });
export const curve = (points, style) =>
  svg("polyline", { points: points.map((p) => p.join()).join(" "), style: `fill: none; stroke-width: 2.5; ${style}` });
export const spot = (cx, cy, r, style, value) =>
  svg("circle", { cx, cy, r, style, ...(value === undefined ? {} : { "data-value": value }) });

// An SVG of `height` that is drawn anew whenever its width changes.
//   draw(width)  returns the nodes;  touch(x, y)  hears a tap, and a drag of a handle:
//   a node with the class d2l-handle;  hold(bool)  hears where such a drag begins and ends,
//   for a scale that must stay meanwhile
// Returns { el, show, label(text), stop }.
/** @param {{ height: number | ((width: number) => number), draw: (width: number, height: number) => Node[],
 *   touch?: ((x: number, y: number, width: number) => void) | null, hold?: (on: boolean) => void,
 *   most?: number }} how */
export function drawing({ height, draw, touch = null, hold = (_) => {}, most = 860 }) {
  const el = svg("svg", { role: "img", style: "display: block; max-width: 100%" });
  const host = document.createElement("div");
  host.append(el);
  let width = 0;
  function show() {
    width ||= 300;
    const high = typeof height === "function" ? height(width) : height;
    for (const [key, value] of Object.entries({ width, height: high, viewBox: `0 0 ${width} ${high}` }))
      el.setAttribute(key, String(value));
    el.replaceChildren(...draw(width, high));
  }
  const sizes = new ResizeObserver(() => {
    const now = clamp(Math.floor(host.clientWidth), 200, most);
    if (now === width) return;
    width = now;
    show();
  });
  sizes.observe(host);
  if (touch) {
    const at = (event) => {
      const edges = el.getBoundingClientRect();
      touch?.(event.clientX - edges.left, event.clientY - edges.top, width);
    };
    let dragged = false;
    el.addEventListener("click", (event) => dragged || at(event)); // a drag has been heard already
    el.addEventListener("pointerdown", (event) => {
      dragged = false;
      if (!event.target.classList.contains("d2l-handle")) return;
      el.setPointerCapture(event.pointerId);
      hold(true);
    });
    el.addEventListener("pointermove", (event) => {
      if (!el.hasPointerCapture(event.pointerId)) return;
      dragged = true;
      at(event);
    });
    el.addEventListener("lostpointercapture", () => hold(false));
  }
  return { el: host, show, label: (text) => el.setAttribute("aria-label", text), stop: () => sizes.disconnect() };
}

// What can be dragged; on a phone, a finger on it does not scroll the page.
export const handle = (cx, cy) =>
  svg("circle", {
    cx,
    cy,
    r: 11,
    class: "d2l-handle",
    style: "fill: var(--mark); fill-opacity: .85; stroke: var(--bg); stroke-width: 2; cursor: grab; touch-action: none",
  });

// Scales and grid lines; ticks are [value, text] pairs.
// Returns { x(v), y(v), left, right, top, bottom, marks }.
/** @param {number} width @param {number} height
 *  @param {{ x: number[], y: number[], xticks?: (number | string)[][], yticks?: (number | string)[][],
 *   xlabel?: string, left?: number }} how */
export function axes(width, height, { x: [x0, x1], y: [y0, y1], xticks = [], yticks = [], xlabel = "", left = 46 }) {
  const right = width - 12;
  const top = 10;
  const bottom = height - (xlabel ? 38 : 24);
  const x = (v) => left + ((v - x0) / (x1 - x0)) * (right - left);
  const y = (v) => bottom - ((v - y0) / (y1 - y0)) * (bottom - top);
  const marks = [
    ...yticks.flatMap(([v, text]) => [rule(left, y(v), right, y(v)), words(left - 6, y(v) + 4, text, "end")]),
    ...xticks.flatMap(([v, text]) => [rule(x(v), bottom, x(v), bottom + 4), words(x(v), bottom + 17, text)]),
    rule(left, bottom, right, bottom, "stroke: var(--edge)"),
    words((left + right) / 2, height - 4, xlabel),
  ];
  return { x, y, left, right, top, bottom, marks };
}

// A slider over powers of ten; the figure sees the number, with three digits.
const three = (v) => Number(v.toPrecision(3));
export const power = (v) => three(10 ** v);

// A number with three digits, written as `fmt` does, with an exponent where that is shorter.
export function plain(v) {
  const size = Math.abs(v);
  if (!size || (size >= 1e-4 && size < 1e6)) return fmt(three(v), 12);
  return String(three(v).toExponential()).replace("e+", "e").replaceAll("-", "−");
}
// Whether `plain` tells all of each number: "=" stands after such, "≈" after others.
export const isPlain = (numbers) => numbers.every((v) => Math.abs(v - three(v)) <= 1e-12 * Math.abs(v));
