import {
  bound,
  button,
  choice,
  clamp,
  copy,
  examples,
  h,
  IN_WORDS,
  lab,
  make,
  may,
  panel,
  percent,
  player,
  plural,
  put,
  same,
  select,
  stage,
  status,
  stepper,
  svg,
  times,
  toolbar,
  warning,
} from "./kit.js";

const LIMITS = { kernel: [1, 11], stride: [1, 11], padding: [0, 5], dilation: [1, 8] };
const LARGEST_INPUT = 48;
const MOST_LAYERS = 8;
const KINDS = ["convolution", "pooling"];
const CHANNELS = [1, 3, 16, 64, 256, 512];
const SMALLEST_CELL = 6,
  LARGEST_CELL = 30;

const reach = (layer) => layer.dilation * (layer.kernel - 1) + 1;
const named = (layer) => `${layer.kind} ${times(layer.kernel, layer.kernel)}`;
const short = (layer, at) =>
  `${at} · ${layer.kind === "pooling" ? "pool" : "conv"} ${times(layer.kernel, layer.kernel)}`;
const large = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
const square = (n) => `${n}\u00a0×\u00a0${n}`;
const range = (from, to) => make(to - from + 1, (i) => from + i);

const STATE = {
  size: may.whole(1, LARGEST_INPUT),
  layers: (v) => Array.isArray(v) && v.length > 0 && v.length <= MOST_LAYERS && v.every(isLayer),
  layer: may.whole(1, MOST_LAYERS),
  selected: may.pair(0, LARGEST_INPUT),
  channels: may.oneOf(CHANNELS),
};

function isLayer(layer) {
  const { kind, ...settings } = layer ?? {};
  return (
    KINDS.includes(kind) &&
    same(Object.keys(settings).sort(), Object.keys(LIMITS).sort()) &&
    Object.entries(LIMITS).every(([key, [min, max]]) => may.whole(min, max)(settings[key]))
  );
}

// ---- what follows from the settings -----------------------------------------

function misfit(number, layer, n) {
  const name = `Layer ${number} (${named(layer)})`,
    p = layer.padding;
  if (layer.kind === "pooling" && 2 * p > layer.kernel)
    return `${name} has padding ${p}, but pooling pads by at most half of its window. Pad less, or take a larger window.`;
  if (reach(layer) > n + 2 * p) {
    const pad = p ? ` (${n} and ${p} padding on each side)` : "";
    return `${name} reaches over ${reach(layer)} elements, but gets only ${n + 2 * p}${pad}. Pad more, take a smaller kernel or dilation, or a larger input.`;
  }
  return "";
}

// The input and each layer that fits.  Neighbours in a row lie `step` input pixels
// apart; element i sees `field` pixels, the first of them i·step − before.
function walk(size, layers) {
  const rows = [{ n: size, step: 1, field: 1, before: 0 }];
  for (const [i, layer] of layers.entries()) {
    const { n, step, field, before } = rows[i];
    const problem = misfit(i + 1, layer, n);
    if (problem) return { rows, problem };
    rows.push({
      n: Math.floor((n + 2 * layer.padding - reach(layer)) / layer.stride) + 1,
      step: step * layer.stride,
      field: field + (reach(layer) - 1) * step,
      before: before + layer.padding * step,
    });
  }
  return { rows, problem: "" };
}

const centre = (row, i) => i * row.step - row.before + (row.field - 1) / 2;
const nearest = (row, x) => clamp(Math.round((x - centre(row, 0)) / row.step), 0, row.n - 1);

// The places of row `at − 1` that element i of layer `at` looks at.
const taps = (layer, i) => range(0, layer.kernel - 1).map((u) => i * layer.stride - layer.padding + u * layer.dilation);

// For each row from `top` down, the places in the field; padding among them ends a path.
function fieldOf(rows, layers, top, index) {
  /** @type {Set<number>[]} */
  const sets = rows.map(() => new Set());
  sets[top].add(index);
  for (let at = top; at > 0; at--)
    for (const i of sets[at])
      if (i >= 0 && i < rows[at].n) for (const j of taps(layers[at - 1], i)) sets[at - 1].add(j);
  return sets;
}

const within = (set, n) => [...set].filter((i) => i >= 0 && i < n).sort((a, b) => a - b);

// Neighbours joined: [1, 2, 3, 5] → [[1, 3], [5, 5]]
function runs(places) {
  const out = [];
  for (const i of places)
    if (out.length && out[out.length - 1][1] === i - 1) out[out.length - 1][1] = i;
    else out.push([i, i]);
  return out;
}

function compute(get) {
  const layers = get("layers"),
    { rows, problem } = walk(get("size"), layers);
  const top = Math.min(get("layer"), rows.length - 1),
    row = rows[top];
  const chosen = get("selected").map((i) => clamp(i, 0, row.n - 1));
  const sets = chosen.map((i) => fieldOf(rows, layers, top, i));
  const n = get("size");
  const seen = sets.map((set) => within(set[0], n));
  const span = chosen.map((i) => [i * row.step - row.before, i * row.step - row.before + row.field - 1]);
  return { layers, rows, problem, top, row, chosen, sets: sets[1], seen, span, n };
}

// ---- the cross-section --------------------------------------------------------

const STYLE = {
  plain: "fill: var(--panel); stroke: var(--edge)",
  field: "fill: var(--mark); stroke: var(--mark)",
  chosen: "fill: var(--accent); stroke: var(--accent)",
  rim: "fill: none; stroke: var(--edge); stroke-dasharray: 2.5 2",
  zero: "fill: var(--mark-bg); stroke: var(--mark); stroke-dasharray: 2.5 2",
};

// Where everything stands, in pixels of the page, for a drawing `width` wide.
function layout(r, width) {
  const beside = width >= 560;
  const left = beside ? 150 : 2;
  // so much of what lies beyond the border is drawn; more would make the cells too small
  const most = Math.max(6, Math.ceil(r.n / 2));
  const beyond = Math.min(
    most,
    Math.max(0, ...r.rows.map((row) => Math.max(row.before, centre(row, row.n - 1) + (row.field - 1) / 2 - r.n + 1))),
  );
  const columns = r.n + 2 * beyond;
  const pitch = clamp((width - left - 6) / columns, SMALLEST_CELL, LARGEST_CELL);
  const gap = beside ? (r.rows.length > 6 ? 52 : 64) : 66;
  const head = beside ? 16 : 34;
  return {
    beside,
    beyond,
    pitch,
    left,
    gap,
    head,
    cell: Math.min(pitch - (pitch > 10 ? 3 : 1.5), 20),
    width: left + columns * pitch + 4,
    height: head + (r.rows.length - 1) * gap + 52,
    x: (place) => left + (place + beyond + 0.5) * pitch + 2,
    y: (at) => head + (r.rows.length - 1 - at) * gap,
    shown: (place) => place > -beyond - 0.75 && place < r.n + beyond - 0.25,
  };
}

function cells(r, at, box) {
  const row = r.rows[at],
    pad = r.layers[at]?.padding ?? 0;
  const rim = at < r.rows.length - 1 ? pad : 0;
  const used = (i) => r.sets[at].has(i);
  const kind = (i) => {
    if (i < 0 || i >= row.n) return used(i) ? "zero" : "rim";
    return at === r.top && used(i) ? "chosen" : used(i) ? "field" : "plain";
  };
  const half = box.cell / 2;
  const one = (i) =>
    svg("rect", {
      x: box.x(centre(row, i)) - half,
      y: box.y(at) - half,
      width: box.cell,
      height: box.cell,
      rx: Math.min(4, box.cell / 4),
      style: STYLE[kind(i)],
      "data-value": i >= 0 && i < row.n ? Number(used(i)) : null,
    });
  const inside = range(0, row.n - 1),
    outside = [...range(-rim, -1), ...range(row.n, row.n + rim - 1)];
  const label = at ? `layer${at}` : "input";
  return svg(
    "g",
    { opacity: at > r.top ? 0.45 : null },
    svg("g", {}, ...outside.filter((i) => box.shown(centre(row, i))).map(one)),
    svg("g", { "data-grid": label }, svg("g", {}, ...inside.map(one))),
  );
}

function lines(r, at, box) {
  /** @type {Record<string, string[]>} */
  const parts = { inside: [], outside: [] };
  const upper = r.rows[at],
    lower = r.rows[at - 1];
  for (const i of within(r.sets[at], upper.n))
    for (const j of taps(r.layers[at - 1], i)) {
      const where = j >= 0 && j < lower.n ? "inside" : "outside";
      if (!box.shown(centre(lower, j))) continue;
      const half = box.cell / 2;
      parts[where].push(
        `M${box.x(centre(upper, i))} ${box.y(at) + half}L${box.x(centre(lower, j))} ${box.y(at - 1) - half}`,
      );
    }
  const path = (d, style) => d.length && svg("path", { d: d.join(""), style: `fill: none; ${style}` });
  return [
    path(parts.inside, "stroke: var(--mark); stroke-width: 1.2; opacity: .75"),
    path(parts.outside, "stroke: var(--muted); stroke-dasharray: 3 3; opacity: .7"),
  ].filter(Boolean);
}

function labels(r, at, box) {
  const row = r.rows[at],
    layer = r.layers[at - 1];
  const name = at ? short(layer, at) : "input";
  const extra = at
    ? [layer.stride > 1 && `stride ${layer.stride}`, layer.dilation > 1 && `dilation ${layer.dilation}`].filter(Boolean)
    : [];
  const more = [`${row.n} wide`, ...extra].join(", ");
  const halo = "fill: var(--ink); stroke: var(--bg); stroke-width: 4; paint-order: stroke; font-size: 13px";
  const text = (x, y, style, words) => svg("text", { x, y, style: `${halo}; ${style}` }, words);
  if (box.beside)
    return [
      text(0, box.y(at) - 1, at === r.top ? "font-weight: 700" : "font-weight: 600", name),
      text(0, box.y(at) + 15, "fill: var(--muted); font-size: 12px", more),
    ];
  return [
    text(0, box.y(at) - box.cell / 2 - 9, at === r.top ? "font-weight: 700" : "font-weight: 600", `${name} · ${more}`),
  ];
}

// The bar below the input: the whole field, dashed where there is no image.
function bar(r, box) {
  const [first, last] = r.span[1],
    y = box.y(0) + box.cell / 2 + 10;
  const from = Math.max(first, -box.beyond),
    to = Math.min(last, r.n - 1 + box.beyond);
  const half = box.pitch / 2;
  const piece = (a, b, dashed) =>
    a <= b &&
    svg("path", {
      d: `M${box.x(a) - half + 1} ${y}H${box.x(b) + half - 1}`,
      style: `stroke: var(--mark); stroke-width: 3; ${dashed ? "stroke-dasharray: 3 3" : ""}`,
    });
  const tick = (x) => svg("path", { d: `M${x} ${y - 5}v10`, style: "stroke: var(--mark); stroke-width: 2" });
  const middle = clamp((box.x(from) + box.x(to)) / 2, box.left + 60, box.width - 60);
  return [
    piece(from, Math.min(to, -1), true),
    piece(Math.max(from, 0), Math.min(to, r.n - 1), false),
    piece(Math.max(from, r.n), to, true),
    from === first && tick(box.x(from) - half + 1),
    to === last && tick(box.x(to) + half - 1),
    svg(
      "text",
      { x: middle, y: y + 20, "text-anchor": "middle", style: "fill: var(--ink); font-size: 13px; font-weight: 600" },
      `field: ${r.row.field}`,
    ),
  ].filter(Boolean);
}

// The image's edges, as two lines beside the input's first and last pixel.
function border(r, box) {
  const x = [box.x(0) - box.pitch / 2, box.x(r.n - 1) + box.pitch / 2];
  return box.beyond
    ? x.map((at) =>
        svg("path", {
          d: `M${at} ${box.y(0) - box.cell / 2 - 6}v${box.cell + 12}`,
          style: "stroke: var(--ink); stroke-width: 1.5",
        }),
      )
    : [];
}

function section(current, go) {
  const canvas = svg("svg", {
    tabindex: 0,
    role: "application",
    style: "display: block; touch-action: pan-x pan-y; cursor: crosshair",
    "aria-label": "Cross-section of the stack: left and right choose the element, up and down the layer",
  });
  const el = h("div", { class: "d2l-scroll", style: "margin-bottom: .4rem" }, canvas);
  let box = layout(current(), 640);
  function draw() {
    const r = current();
    box = layout(r, el.clientWidth ? el.clientWidth - 8 : 640);
    canvas.setAttribute("width", box.width);
    canvas.setAttribute("height", box.height);
    const all = r.rows.map((_, at) => at);
    canvas.replaceChildren(
      ...all.slice(1, r.top + 1).flatMap((at) => lines(r, at, box)),
      ...all.map((at) => cells(r, at, box)),
      ...border(r, box),
      ...bar(r, box),
      ...all.flatMap((at) => labels(r, at, box)),
    );
  }
  function point(event) {
    if (event.type === "pointermove" && event.pointerType === "touch") return;
    const r = current(),
      edges = canvas.getBoundingClientRect();
    const x = event.clientX - edges.left,
      y = event.clientY - edges.top;
    const at = r.rows.findIndex((_, i) => Math.abs(box.y(i) - y) < 18);
    if (at > 0) go(at, nearest(r.rows[at], (x - box.x(0)) / box.pitch));
  }
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("click", point);
  canvas.addEventListener("keydown", (event) => {
    const r = current(),
      i = r.chosen[1],
      all = event.ctrlKey || event.metaKey;
    const to = {
      ArrowLeft: [r.top, i - 1],
      ArrowRight: [r.top, i + 1],
      ArrowUp: [r.top + 1],
      ArrowDown: [r.top - 1],
      Home: all ? [r.rows.length - 1, 0] : [r.top, 0],
      End: [r.top, r.row.n - 1],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    go(...to);
  });
  function ready() {
    let before = el.clientWidth;
    const seen = new ResizeObserver(() => {
      if (el.clientWidth === before) return;
      before = el.clientWidth;
      draw();
    });
    seen.observe(el);
    draw(); // now that there is a width
    return () => seen.disconnect();
  }
  return { el, draw, ready };
}

// ---- the field in two dimensions ------------------------------------------------

function picture(model, current, choose) {
  const canvas = svg("svg", {
    tabindex: 0,
    role: "application",
    style: "display: block; max-width: 100%; height: auto; cursor: crosshair",
    "aria-label": "The field in the picture: arrow keys move the chosen element",
  });
  let scale = { m: 0, total: 1 };
  function greys(n) {
    const image = model.get("image");
    if (image.length !== n || image[0].length !== n) return [];
    const low = Math.min(...image.flat()),
      high = Math.max(...image.flat()) - low || 1;
    return image.flatMap((row, i) =>
      row.map((v, j) => {
        const grey = Math.round((255 * (v - low)) / high);
        return svg("path", { d: `M${j} ${i}h1.02v1.02h-1.02z`, fill: `rgb(${grey} ${grey} ${grey})` });
      }),
    );
  }
  function mesh(n) {
    const d = range(1, n - 1)
      .map((i) => `M0 ${i}h${n}M${i} 0v${n}`)
      .join("");
    return svg("path", { d, style: "stroke: var(--line); stroke-width: .06" });
  }
  function draw() {
    const r = current(),
      n = r.n,
      [rows, cols] = r.span,
      most = Math.ceil(n / 2);
    const m = Math.min(most, Math.max(0, ...r.rows.map((row) => row.before))) + 0.5;
    scale = { m, total: n + 2 * m };
    canvas.setAttribute("viewBox", `${-m} ${-m} ${scale.total} ${scale.total}`);
    canvas.setAttribute("width", 260);
    const grey = greys(n),
      thick = scale.total / 130;
    const pieces = runs(r.seen[0]).flatMap(([a, b]) =>
      runs(r.seen[1]).map(([c, d]) =>
        svg("rect", {
          x: c,
          y: a,
          width: d - c + 1,
          height: b - a + 1,
          style: `fill: var(--mark); fill-opacity: ${grey.length ? 0.45 : 0.6}; stroke: var(--mark); stroke-width: ${thick}`,
        }),
      ),
    );
    const whole = svg("rect", {
      x: cols[0],
      y: rows[0],
      width: r.row.field,
      height: r.row.field,
      style: `fill: none; stroke: var(--mark); stroke-width: ${thick * 1.3}; stroke-dasharray: ${thick * 3} ${thick * 2}`,
    });
    const [y, x] = [rows, cols].map((span) => (span[0] + span[1] + 1) / 2);
    const spot = svg("circle", {
      cx: x,
      cy: y,
      r: Math.max(0.3, scale.total / 60),
      style: `fill: var(--accent); stroke: var(--bg); stroke-width: ${thick}`,
    });
    canvas.replaceChildren(
      svg("rect", { width: n, height: n, style: "fill: var(--panel)" }),
      ...(grey.length ? grey : [mesh(n)]),
      ...pieces,
      whole,
      spot,
      svg("rect", { width: n, height: n, style: `fill: none; stroke: var(--ink); stroke-width: ${thick * 1.3}` }),
    );
  }
  function point(event) {
    if (event.type === "pointermove" && event.pointerType === "touch") return;
    const r = current(),
      edges = canvas.getBoundingClientRect();
    const at = (offset, length) => (offset / length) * scale.total - scale.m - 0.5;
    choose(
      nearest(r.row, at(event.clientY - edges.top, edges.height)),
      nearest(r.row, at(event.clientX - edges.left, edges.width)),
    );
  }
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("click", point);
  canvas.addEventListener("keydown", (event) => {
    const [i, j] = current().chosen;
    const to = { ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1], ArrowUp: [i - 1, j], ArrowDown: [i + 1, j] }[event.key];
    if (!to) return;
    event.preventDefault();
    choose(...to);
  });
  return { el: canvas, draw };
}

// ---- words and numbers ------------------------------------------------------------

const number = (name, value, text = value) => h("span", { "data-number": name, "data-value": value }, text);

function told(r) {
  const { top, row, chosen, seen, n } = r,
    [pixels, [first, last]] = [seen[1], r.span[1]];
  const holes = pixels.length && pixels.at(-1) - pixels[0] + 1 > pixels.length;
  const beyond = Math.max(0, Math.min(last + 1, 0) - first) + Math.max(0, last - Math.max(first - 1, n - 1));
  const where = pixels.length ? ` (${pixels[0] + 1} to ${pixels.at(-1) + 1}${holes ? ", with holes" : ""})` : "";
  const sides = [first < 0 && "left", last >= n && "right"].filter(Boolean).join(" and ");
  return h(
    "span",
    { "data-sum": "", "data-value": pixels.length },
    `Layer ${top}, element ${chosen[1] + 1} of ${row.n} sees `,
    h("b", {}, number("count", pixels.length)),
    ` of the ${n} pixels in its row`,
    where,
    ". ",
    `Its field spans `,
    h("b", {}, number("field", row.field)),
    ` ${row.field === 1 ? "pixel" : "pixels"}`,
    beyond ? ", " : ".",
    beyond ? number("beyond", beyond) : null,
    beyond
      ? ` of which ${beyond === 1 ? "lies" : "lie"} beyond the image's ${sides} border, where there are no pixels and padding stands in.`
      : "",
    row.field > n ? " The field is larger than the input." : "",
  );
}

// The sums of the chosen layer: its size, and how its field grew.
function formulas(r) {
  const { top, rows, layers } = r,
    layer = layers[top - 1],
    [under, row] = [rows[top - 1], rows[top]];
  const { kernel: k, stride: s, padding: p, dilation: d } = layer;
  const line = (name, value, ...words) => h("div", { "data-formula": name, "data-value": value }, ...words);
  const i = (text) => h("i", {}, text),
    sub = (text) => h("sub", {}, text);
  return [
    line(
      "size",
      row.n,
      `Size of layer ${top}: ⌊(`,
      i("n"),
      " + 2",
      i("p"),
      " − ",
      i("d"),
      "(",
      i("k"),
      " − 1) − 1) / ",
      i("s"),
      "⌋ + 1 = ",
      `⌊(${under.n} + 2·${p} − ${d}·(${k} − 1) − 1) / ${s}⌋ + 1 = ${row.n}`,
    ),
    line(
      "field",
      row.field,
      "Its field: ",
      i("r"),
      sub("below"),
      " + (",
      i("k"),
      " − 1)·",
      i("d"),
      "·",
      i("step"),
      sub("below"),
      " = ",
      `${under.field} + (${k} − 1)·${d}·${under.step} = ${row.field}`,
    ),
  ];
}

function counts(r, C) {
  const stack = r.layers.slice(0, r.top).filter((x) => x.kind === "convolution");
  const squares = stack.reduce((sum, x) => sum + x.kernel ** 2, 0),
    one = r.row.field ** 2;
  const [a, b] = [squares * C * C, one * C * C];
  const less =
    a === b
      ? "The same number."
      : a < b
        ? `The stack has ${percent(1 - a / b, IN_WORDS)} fewer.`
        : `The stack has ${percent(a / b - 1, IN_WORDS)} more.`;
  return h(
    "div",
    { style: "margin-top: .35rem" },
    `Weights up to layer ${r.top}, with ${plural(C, "channel")} in and out of each convolution: ${squares}·${C}² = `,
    h("b", {}, number("stack", a, large(a))),
    `. One ${square(r.row.field)} kernel with the same field: ${one}·${C}² = `,
    h("b", {}, number("single", b, large(b))),
    `. ${less} (Biases left out.)`,
  );
}

function table(r) {
  const cell = (tag, style, ...words) =>
    h(
      tag,
      {
        style: `padding: .18rem .5rem; white-space: nowrap; border: 0; border-bottom: 1px solid var(--line); font-weight: inherit; ${style}`,
      },
      ...words,
    );
  const head = ["layer", "size", "step", "field"].map((text, i) =>
    cell("th", `text-align: ${i ? "right" : "left"}; color: var(--muted)`, text),
  );
  const lines = r.rows.map((row, at) =>
    h(
      "tr",
      { style: at === r.top ? "font-weight: 700; background: var(--soft)" : "background: none" },
      cell("th", "text-align: left", at ? short(r.layers[at - 1], at) : "input"),
      cell("td", "text-align: right", number(`size${at}`, row.n, times(row.n, row.n))),
      cell("td", "text-align: right", number(`step${at}`, row.step)),
      cell("td", "text-align: right", number(`field${at}`, row.field, times(row.field, row.field))),
    ),
  );
  return [h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...lines)];
}

// ---- the controls -------------------------------------------------------------------

const tuple = (layer) => [layer.kind, layer.kernel, layer.stride, layer.padding, layer.dilation];

// Whoever changes the stack goes on seeing the field of its last layer, in its middle.
function placed(size, layers) {
  const middle = Math.floor((walk(size, layers).rows.slice(-1)[0].n - 1) / 2);
  return { size, layers, layer: layers.length, selected: [middle, middle] };
}

function controls(model, shown) {
  const has = (name) => shown.includes(name);
  const stacks = () =>
    examples(model, ["size", "layers"], model.get("presets"), "Stack", {
      also: ([, size, layers]) => placed(size, copy(layers)),
      as: (value) => (Array.isArray(value) ? value.map(tuple) : value),
    });
  const width = stepper({
    label: "Input width",
    value: model.get("size"),
    min: 1,
    max: LARGEST_INPUT,
    onChange: (v) => put(model, placed(v, copy(model.get("layers")))),
  });
  return toolbar(
    ...(has("preset") ? [stacks()] : []),
    ...(has("size") ? [bound(model, "size", width)] : []),
    ...(has("layers") ? [editor(model)] : []),
  );
}

// What changes, adds and removes layers, one at a time.
function editor(model) {
  const get = (key) => model.get(key);
  let count = get("layers").length;
  let editing = count - 1;
  const rebuild = (layers) => put(model, placed(get("size"), layers));
  const change = (settings) =>
    rebuild(copy(get("layers")).map((layer, i) => (i === editing ? { ...layer, ...settings } : layer)));
  const which = select({
    label: "Layer to change",
    value: "0",
    options: [["0", ""]],
    onChange: (v) => {
      editing = Number(v);
      draw();
    },
  });
  const kind = choice({
    label: "Kind",
    value: KINDS[0],
    options: KINDS.map((word) => [word, word]),
    onChange: (v) => {
      const { kernel, padding } = get("layers")[editing];
      const pooling = { dilation: 1, stride: kernel, padding: Math.min(padding, Math.floor(kernel / 2)) };
      change({ kind: v, ...(v === "pooling" ? pooling : { stride: 1 }) });
    },
  });
  /** @type {[string, ReturnType<typeof stepper>][]} */
  const steps = Object.entries(LIMITS).map(([key, [min, max]]) => [
    key,
    stepper({
      label: key[0].toUpperCase() + key.slice(1),
      value: min,
      min,
      max,
      onChange: (v) => change({ [key]: v }),
    }),
  ]);
  const add = button({
    label: "Add a layer on top",
    onClick: () => rebuild([...copy(get("layers")), { kind: KINDS[0], kernel: 3, stride: 1, padding: 0, dilation: 1 }]),
  });
  const remove = button({
    label: "Remove this layer",
    onClick: () => {
      const at = editing;
      rebuild(copy(get("layers")).filter((_, i) => i !== at));
      editing = at - 1;
    },
  });
  const fields = [which, kind, ...steps.map(([, x]) => x), add, remove];
  const el = h("div", { class: "d2l-row", role: "group", "aria-label": "The layers" }, ...fields.map((x) => x.el));
  let listed = null;
  function draw() {
    const layers = get("layers");
    // another stack or a new layer: its top is what comes next
    if (layers.length > count) editing = layers.length - 1;
    count = layers.length;
    editing = clamp(editing, 0, count - 1);
    const names = layers.map((layer, i) => [String(i), `${i + 1} · ${named(layer)}`]).reverse();
    if (!same(names, listed)) which.fill(names);
    listed = names;
    which.set(String(editing));
    kind.set(layers[editing].kind);
    for (const [key, control] of steps) control.set(layers[editing][key]);
    steps[steps.length - 1][1].el.hidden = layers[editing].kind === "pooling";
    add.enable(count < MOST_LAYERS);
    remove.enable(count > 1);
  }
  return { el, draw };
}

// ---- the figure -----------------------------------------------------------------------

function build(model) {
  const get = (key) => model.get(key);
  let r = compute(get);
  const current = () => r;
  const choose = (i, j) => put(model, { selected: [i, j].map((v) => clamp(v, 0, r.row.n - 1)) });
  // To element `index` of layer `at`; without an index, to the one at the same spot.
  function go(at, index = null) {
    if (at < 1 || at >= r.rows.length) return;
    const there = r.rows[at];
    const [i, j] = r.chosen.map((i) => nearest(there, centre(r.row, i)));
    const selected = [at === r.top ? r.chosen[0] : i, clamp(index ?? j, 0, there.n - 1)];
    put(model, { layer: at, selected });
  }
  const point = (at, index) => {
    play.stop();
    go(at, index);
  };
  const tools = controls(model, get("controls"));
  const drawing = section(current, point);
  const flat = picture(model, current, (i, j) => {
    play.stop();
    choose(i, j);
  });
  const words = status("d2l-sum");
  const problem = warning();
  const grown = h("table", {
    style: "margin: 0; width: auto; border-collapse: collapse; font-size: .93em; color: var(--ink)",
  });
  const area = panel("In two dimensions", flat.el);
  area.el.style.maxWidth = "270px";
  const list = panel("All layers", h("div", { class: "d2l-scroll" }, grown));
  const shape = h("div", { class: "d2l-formula" });
  const weights = h("div", {});
  const channels = select({
    label: "Channels of every layer",
    value: String(get("channels")),
    options: CHANNELS.map((c) => [String(c), String(c)]),
    onChange: (v) => put(model, { channels: Number(v) }),
  });
  const views = stage(area.el, list.el);
  views.style.marginTop = ".8rem";
  views.style.columnGap = "2.5rem";
  const costs = h("div", { style: "margin-top: .8rem" }, channels.el, weights);
  const play = player({
    what: "the layers",
    onPlay: (on) => words.quiet(on),
    count: () => r.rows.length - 1,
    get: () => r.top - 1,
    set: (at) => go(at + 1),
  });

  function draw() {
    r = compute(get);
    tools.draw();
    problem.say(r.problem);
    drawing.el.hidden = play.el.hidden = r.rows.length < 2;
    area.el.hidden = shape.hidden = words.el.hidden = r.rows.length < 2;
    const weighs = r.layers.slice(0, r.top).some(({ kind }) => kind === "convolution");
    costs.hidden = shape.hidden || !weighs || !get("controls").includes("channels");
    grown.replaceChildren(...table(r));
    if (r.rows.length < 2) return words.say();
    play.draw();
    drawing.draw();
    flat.draw();
    area.note(
      `The element at row ${r.chosen[0] + 1}, column ${r.chosen[1] + 1} of layer ${r.top} sees ${r.seen[0].length}\u00a0×\u00a0${r.seen[1].length} pixels. Dashed: its whole field.`,
    );
    words.say(told(r));
    channels.set(String(get("channels")));
    shape.replaceChildren(
      ...formulas(r),
      h(
        "div",
        { class: "d2l-note" },
        "n size below, k kernel, p padding on each side, s stride, d dilation; step: input pixels between two neighbours",
      ),
    );
    if (weighs) weights.replaceChildren(counts(r, get("channels")));
  }

  const children = [tools.el, drawing.el, problem.el, play.el, words.el, views, shape, costs];
  return { children, draw, stop: play.stop, ready: drawing.ready };
}

export default lab("Receptive field", STATE, build);
