import { axes, drawing, plain, rule } from "./chart.js";
import { beyond, choice, clamp, h, lab, may, panel, put, slide, stage, status, svg } from "./kit.js";

const [COUNT, WIDTH, GROWTH, DEEPEST] = [16, 24, 6, 32];
const MOST = WIDTH + DEEPEST * GROWTH;
const SPAN = 4; // decades up and down on the charts
const KINDS = ["chain", "sum", "concatenation"];
const WHAT = {
  chain: "Chain: only what the layer makes",
  sum: "Sum: the input is added",
  concatenation: "Concatenation: all is kept",
};

// Uniform numbers of mean 0 and variance 1, by mulberry32.
function uniforms(count) {
  let a = 1;
  return Float64Array.from({ length: count }, () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) / 4294967296 - 0.5) * Math.sqrt(12);
  });
}
const [BATCH, ARRIVING] = [COUNT * WIDTH, COUNT * MOST];
const [CHAIN, DENSE] = [DEEPEST * WIDTH * WIDTH, DEEPEST * GROWTH * MOST];
const size = (v) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0) / v.length);
// Columns from … to of a matrix with `width` columns.
const columns = (v, width, from, to) =>
  Float64Array.from({ length: COUNT * (to - from) }, (_, i) => {
    const row = Math.floor(i / (to - from));
    return v[row * width + from + (i - row * (to - from))];
  });

// The gradient's size at the input and after each layer, first to last.
function gradients(kind, get, noise) {
  const dense = kind === "concatenation";
  const [depth, gain] = [get("depth"), get("gain")];
  const units = dense ? GROWTH : WIDTH;
  let x = noise.slice(0, BATCH);
  let width = WIDTH;
  const kept = [];
  for (let l = 0; l < depth; l++) {
    const from = BATCH + ARRIVING + (dense ? CHAIN + l * GROWTH * MOST : l * WIDTH * WIDTH);
    const step = dense ? MOST : WIDTH;
    const scale = gain / Math.sqrt(width);
    const by = (get("normalise") && size(x)) || 1;
    kept.push({ x, width, from, step, factor: scale / by });
    const next = new Float64Array(COUNT * units);
    for (let i = 0; i < COUNT; i++)
      for (let j = 0; j < units; j++) {
        let sum = kind === "sum" ? x[i * width + j] : 0;
        for (let k = 0; k < width; k++) sum += Math.max(x[i * width + k] / by, 0) * noise[from + j * step + k] * scale;
        next[i * units + j] = sum;
      }
    if (!dense) x = next;
    else {
      const both = new Float64Array(COUNT * (width + GROWTH));
      for (let i = 0; i < COUNT; i++) {
        both.set(x.subarray(i * width, (i + 1) * width), i * (width + GROWTH));
        both.set(next.subarray(i * GROWTH, (i + 1) * GROWTH), i * (width + GROWTH) + width);
      }
      x = both;
      width += GROWTH;
    }
  }
  let g = columns(noise.slice(BATCH, BATCH + ARRIVING), MOST, 0, width);
  const sizes = [];
  for (let l = depth - 1; l >= 0; l--) {
    const { x: input, width: wide, from, step, factor } = kept[l];
    const own = dense ? columns(g, wide + GROWTH, wide, wide + GROWTH) : g;
    sizes.unshift(size(own));
    const back =
      kind === "chain" ? new Float64Array(COUNT * wide) : dense ? columns(g, wide + GROWTH, 0, wide) : g.slice();
    for (let i = 0; i < COUNT; i++)
      for (let k = 0; k < wide; k++) {
        if (input[i * wide + k] <= 0) continue;
        for (let j = 0; j < units; j++) back[i * wide + k] += own[i * units + j] * noise[from + j * step + k] * factor;
      }
    g = back;
  }
  sizes.unshift(size(g));
  return sizes;
}

function bars(sizes, width) {
  const box = axes(width, 190, {
    x: [-0.6, DEEPEST + 0.6],
    y: [-SPAN, SPAN],
    xlabel: "after layer",
    left: 44,
    xticks: [0, 8, 16, 24, 32].map((v) => [v, String(v)]),
    yticks: [
      [-4, "10⁻⁴"],
      [-2, "0.01"],
      [0, "1"],
      [2, "100"],
      [4, "10⁴"],
    ],
  });
  const wide = Math.max(1.5, (box.x(1) - box.x(0)) * 0.7);
  const rects = sizes.map((v, l) => {
    const top = box.y(clamp(Math.log10(Math.max(v, 1e-300)), -SPAN, SPAN));
    const [y, high] = [Math.min(top, box.y(0)), Math.max(Math.abs(top - box.y(0)), 1)];
    const style = `fill: var(--${v < 1 ? "mark" : "accent"})`;
    return svg("rect", { x: box.x(l) - wide / 2, y, width: wide, height: high, style, "data-value": v });
  });
  return [...box.marks, rule(box.left, box.y(0), box.right, box.y(0), "stroke: var(--edge)"), rects];
}

// The figure as a row of boxes: what a layer is given and what it hands on.
function plan(kind) {
  const box = (x) =>
    svg("rect", { x, y: 24, width: 22, height: 22, rx: 3, style: "fill: var(--soft); stroke: var(--accent)" });
  const line = (d, dash = "") =>
    svg("path", { d, style: "fill: none; stroke: var(--ink); stroke-width: 1.5", "stroke-dasharray": dash });
  const xs = [30, 90, 150];
  const art = [line("M5 35H30"), ...xs.map((x) => line(`M${x + 22} 35H${x + 60}`)), ...xs.map(box)];
  const mark = (x, text) => [
    svg("circle", { cx: x, cy: 35, r: 8, style: "fill: var(--bg); stroke: var(--ink)" }),
    svg("text", { x, y: 40, "text-anchor": "middle", style: "fill: var(--ink); font-size: 13px" }, text),
  ];
  if (kind !== "chain")
    for (const x of xs) art.push(line(`M${x - 12} 35V10H${x + 38}V27`), ...mark(x + 38, kind === "sum" ? "+" : "▤"));
  return svg("svg", { viewBox: "0 0 215 52", width: 215, height: 52, "aria-hidden": "true" }, ...art);
}

function build(model) {
  const get = (key) => model.get(key);
  const noise = uniforms(BATCH + ARRIVING + CHAIN + DENSE);
  const found = {};
  const views = KINDS.map((kind) =>
    drawing({
      height: 190,
      most: 300,
      draw: (w) => {
        const nodes = bars(found[kind], w);
        const rects = nodes.pop();
        return [...nodes, svg("g", { "data-grid": kind }, svg("g", {}, ...rects))];
      },
    }),
  );
  const parts = KINDS.map((kind, i) => panel(WHAT[kind], plan(kind), views[i].el));
  for (const one of parts) one.el.style = "flex: 1 1 210px; max-width: 300px";
  const depth = slide(model, "depth", "Layers", 1, DEEPEST, 1);
  const gain = slide(model, "gain", "Factor g of the weights", 0, 2, 0.05);
  const norm = choice({
    label: "A layer's input",
    value: "",
    options: [
      ["no", "as it comes"],
      ["yes", "normalised"],
    ],
    onChange: (v) => put(model, { normalise: v === "yes" }),
  });
  const tools = h("div", { class: "d2l-controls" }, depth.el, gain.el, norm.el);
  const words = status("d2l-sum");
  const note = h(
    "div",
    { class: "d2l-note" },
    "Each bar is the size of the gradient that has come back to that point. It arrives on the right with size 1. A bar that hangs down is below 1.",
  );

  function draw() {
    for (const kind of KINDS) found[kind] = gradients(kind, get, noise);
    depth.draw();
    gain.draw();
    norm.set(get("normalise") ? "yes" : "no");
    views.forEach((view, i) => {
      view.show();
      parts[i].note(beyond(found[KINDS[i]], 10 ** -SPAN, 10 ** SPAN));
      view.label(
        `${KINDS[i]}: gradient ${plain(found[KINDS[i]][0])} at the input, ${plain(found[KINDS[i]].at(-1))} at the end`,
      );
    });
    const value = (kind) => h("b", { "data-number": kind, "data-value": found[kind][0] }, plain(found[kind][0]));
    words.say(
      "What arrives at the input: in the chain ",
      value("chain"),
      ", with the sum ",
      value("sum"),
      ", with concatenation ",
      value("concatenation"),
      ".",
    );
  }
  return {
    children: [tools, stage(...parts.map((one) => one.el)), note, words.el],
    draw,
    ready: () => () => views.forEach((v) => v.stop()),
  };
}

const STATE = { depth: may.whole(1, DEEPEST), gain: may.real(0, 2), normalise: may.flag };
export default lab("Chain, sum and concatenation", STATE, build);
