import { checkbox, clamp, h, lab, may, put, select, status, svg, warning } from "./kit.js";

const STYLE = [
  ".d2l-cmp-scroll { position: relative; overflow-x: auto; scroll-padding-left: 9rem; margin-bottom: .4rem; background: linear-gradient(to left, var(--bg) 50%, transparent) right / 40px 100% no-repeat local, linear-gradient(to left, color-mix(in srgb, var(--edge) 45%, transparent), transparent) right / 16px 100% no-repeat scroll; }",
  ".d2l .d2l-cmp { width: 100%; margin: 0; border: 0; border-collapse: separate; border-spacing: 0; table-layout: auto; font-size: calc(13 * var(--px)); line-height: calc(18 * var(--px)); color: var(--ink); }",
  ".d2l .d2l-cmp :is(th, td) { max-width: none; padding: 6px 7px; border: 0; border-bottom: 1px solid var(--line); background: none; text-align: right; vertical-align: middle; white-space: nowrap; font-weight: 400; }",
  ".d2l .d2l-cmp tbody tr:nth-child(n) { background: none; }",
  ".d2l .d2l-cmp thead th { padding: 0; border-bottom: 1px solid var(--edge); vertical-align: bottom; }",
  ".d2l .d2l-cmp :is(th, td):first-child { text-align: left; }",
  ".d2l .d2l-cmp th button { display: block; width: 100%; height: 100%; min-height: 40px; padding: 5px 7px; border: 0; border-radius: 6px 6px 0 0; background: none; text-align: inherit; line-height: calc(17 * var(--px)); color: var(--muted); white-space: normal; }",
  ".d2l .d2l-cmp th button:hover { background: var(--soft); color: var(--ink); }",
  ".d2l .d2l-cmp th[aria-sort]:not([aria-sort=none]) button { color: var(--ink); font-weight: 650; }",
  ".d2l-cmp-arrow { display: block; font-size: calc(10 * var(--px)); line-height: 1.3; }",
  ".d2l-cmp th[aria-sort=none] .d2l-cmp-arrow { opacity: .55; }",
  ".d2l-cmp-unit { white-space: nowrap; }",
  ".d2l .d2l-cmp tbody th { padding-left: .6rem; border-left: 4px solid transparent; font-weight: 550; }",
  ".d2l .d2l-cmp thead th:first-child button { padding-left: .85rem; }",
  ".d2l .d2l-cmp a { color: var(--accent); text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 3px; }",
  ".d2l .d2l-cmp .d2l-cmp-lit:nth-child(n) > * { background: var(--mark-bg); }",
  ".d2l .d2l-cmp .d2l-cmp-lit > th { border-left-color: var(--mark); }",
  ".d2l .d2l-cmp .d2l-cmp-lit a { color: var(--ink); }",
  ".d2l-cmp-best { font-weight: 700; }",
  ".d2l-cmp-best i { margin-right: .3em; font-style: normal; font-size: calc(11 * var(--px)); line-height: 1; color: var(--weight); }",
  ".d2l-cmp-plot svg { display: block; max-width: 100%; overflow: visible; font-size: 12.5px; }",
  ".d2l-cmp-plot text { fill: currentColor; }",
  ".d2l-cmp-soft { color: var(--muted); }",
  ".d2l-cmp-point { color: var(--ink); cursor: default; outline: none; text-decoration: none; }",
  ".d2l-cmp-point[href] { cursor: pointer; }",
  ".d2l .d2l-cmp-point:focus-visible { outline: none; }",
  ".d2l-cmp-dot { fill: var(--accent); stroke: var(--bg); stroke-width: 1.5; }",
  ".d2l-cmp-behind .d2l-cmp-dot { fill: var(--bg); stroke: var(--accent); stroke-width: 2; }",
  ".d2l-cmp-point text { paint-order: stroke; stroke: var(--bg); stroke-width: 3px; stroke-linejoin: round; }",
  ".d2l-cmp-point[href] text { text-decoration: underline; text-decoration-color: var(--edge); text-underline-offset: 3px; }",
  ".d2l-cmp-point.d2l-cmp-lit .d2l-cmp-dot { stroke: var(--mark); stroke-width: 4; }",
  ".d2l-cmp-point.d2l-cmp-lit text { font-weight: 700; }",
  ".d2l-cmp-point:focus-visible .d2l-cmp-dot { stroke: var(--ink); stroke-width: 4; }",
  ".d2l-cmp-front { fill: none; stroke: var(--weight); stroke-width: 2; stroke-linejoin: round; }",
  ".d2l .d2l-cmp tr > :first-child { position: sticky; left: 0; z-index: 1; background: var(--bg); }",
  ".d2l .d2l-cmp-axes { display: grid; grid-template-columns: repeat(2, minmax(0, 15rem)) auto; gap: .6rem 1rem; align-items: end; justify-content: start; }",
  "@container (width <= 35rem) { .d2l .d2l-cmp-axes { grid-template-columns: repeat(2, minmax(0, 1fr)); } }",
  ".d2l .d2l-cmp-axes select { width: 100%; }",
  "@media (forced-colors: active) {",
  ".d2l .d2l-cmp tbody th { border-left-color: Canvas; }",
  ".d2l .d2l-cmp tbody .d2l-cmp-lit > th { border-left-color: Highlight; }",
  "}",
].join("\n");

// bold, as a name is when it is lit
const FONT = '700 12.5px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const ARROWS = { ascending: "▲", descending: "▼", none: "↕" };

// ---- numbers in words -------------------------------------------------------

const minus = (text) => text.replaceAll("-", "−");

// Commas from five digits on, and no minus before nothing.
function signed(text) {
  const plain = /[1-9]/.test(text) ? text : text.replace("-", "");
  const [whole, rest] = plain.split(".");
  const grouped = /^-?\d{5,}$/.test(whole) ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  return minus(rest === undefined ? grouped : `${grouped}.${rest}`);
}

// Fixed decimals, or three digits and k, M, G or T.
/** @param {number | null} value @param {number | null} digits */
function short(value, digits = null) {
  if (value === null) return "–";
  if (digits !== null) return signed(value.toFixed(digits));
  if (!value) return "0";
  const [lead, power] = value.toExponential(2).split("e"),
    size = Number(power);
  if (size >= -4 && size < 3) return signed(String(Number(`${lead}e${size}`)));
  if (size < 3 || size >= 15) return minus(`${Number(lead)}e${size}`);
  const thousands = Math.floor(size / 3);
  return signed(`${Number(`${lead}e${size - 3 * thousands}`)} ${" kMGT"[thousands]}`);
}

// All that is known of it: whole numbers to the last digit, others to six.
const exact = (value) =>
  minus(Number.isInteger(value) ? value.toLocaleString("en-US") : String(Number(value.toPrecision(6))));

const measured = (column, value) => short(value, column.digits) + (column.unit ? ` ${column.unit}` : "");
const heading = (column) => column.heading + (column.unit ? ` (${column.unit})` : "");

// ---- what follows from the rows ---------------------------------------------

function ordered({ columns, rows }, key, descending) {
  const at = columns.findIndex((column) => column.key === key);
  if (key !== "name" && at < 0) return [...rows];
  const value = (row) => (key === "name" ? row.name.toLowerCase() : row.values[at]);
  const sign = descending ? -1 : 1;
  const there = rows.filter((row) => value(row) !== null);
  there.sort((a, b) => sign * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
  return [...there, ...rows.filter((row) => value(row) === null)];
}

function bestOf(column, values) {
  const there = values.filter((v) => v !== null);
  if (!column.better || new Set(there).size < 2) return null;
  return column.better === "less" ? Math.min(...there) : Math.max(...there);
}

// Whether a is at least as good as b on both axes, and better on one.
function beats(a, b, signs) {
  const gains = [signs[0] * (a.x - b.x), signs[1] * (a.y - b.y)];
  return Math.min(...gains) >= 0 && Math.max(...gains) > 0;
}

// ---- axes -------------------------------------------------------------------

function steps(low, high, count) {
  const rough = (high - low) / count,
    unit = 10 ** Math.floor(Math.log10(rough));
  const off = (n) => Math.abs(Math.log((n * unit) / rough));
  const step = unit * [1, 2, 2.5, 5, 10].reduce((best, n) => (off(n) < off(best) ? n : best));
  const ticks = [];
  for (let i = Math.ceil(low / step); i * step <= high; i += 1) ticks.push(Number((i * step).toPrecision(12)));
  return { ticks, step };
}

function powers(low, high, count) {
  const all = (leads) => {
    const ticks = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e += 1)
      for (const lead of leads) ticks.push(Number(`${lead}e${e}`));
    return ticks.filter((v) => v >= low && v <= high);
  };
  const decades = all([1]);
  if (decades.length > 2) {
    const every = Math.ceil(decades.length / count);
    return decades.filter((_, i) => i % every === 0);
  }
  const fine = [
    [1, 3],
    [1, 2, 5],
    [1, 2, 3, 5, 7],
  ]
    .map(all)
    .find((ticks) => ticks.length > 2 && ticks.length <= count + 2);
  return fine ?? steps(low, high, count).ticks.filter((v) => v > 0);
}

// From values to places: { at(value), ticks: [[value, text]] }; `count` ticks or so.
function axis(column, values, from, to, count) {
  const log = column.scale === "log",
    shape = log ? Math.log10 : (v) => v;
  const ends = [Math.min(...values), Math.max(...values)].map(shape);
  const span = ends[1] - ends[0];
  const rim = span ? 0.08 * span : log ? 0.3 : Math.abs(ends[0]) * 0.1 || 1;
  const [low, high] = [ends[0] - rim, ends[1] + rim];
  const at = (value) => from + ((to - from) * (shape(value) - low)) / (high - low);
  if (log) return { at, ticks: powers(10 ** low, 10 ** high, count).map((v) => [v, short(v)]) };
  const { ticks, step } = steps(low, high, count);
  const size = Math.floor(Math.log10(step) + 1e-9),
    half = Math.abs(step / 10 ** size - 2.5) < 0.01;
  const digits = clamp(-size + (half ? 1 : 0), 0, 12),
    large = Math.abs(ends[1]) >= 1e4 || Math.abs(ends[1]) < 1e-3;
  return { at, ticks: ticks.map((v) => [v, large ? short(v) : short(v, digits)]) };
}

// ---- names beside points ----------------------------------------------------

/** @type {CanvasRenderingContext2D | null} */
let pen = null;
const widths = new Map();
function widthOf(text) {
  if (widths.has(text)) return widths.get(text);
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return 7 * text.length;
  pen.font = FONT;
  widths.set(text, pen.measureText(text).width + 2);
  return widths.get(text);
}

const SPOTS = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [0.7, -0.7],
  [-0.7, -0.7],
  [0.7, 0.7],
  [-0.7, 0.7],
  [0.9, -0.4],
  [-0.9, -0.4],
  [0.9, 0.4],
  [-0.9, 0.4],
];
// With more points than these a name that finds no place at once is left out.
const MANY = 30;
const RINGS = [10, 17, 26, 37, 50, 66, 85, 108];
const meet = (a, b, gap = 0) =>
  a.x < b.x + b.w + gap && b.x < a.x + a.w + gap && a.y < b.y + b.h + gap && b.y < a.y + a.h + gap;

// Whether the stretch from p to q passes through the box: what is left of it between
// the box's sides, and then between its top and bottom.
function crosses(box, p, q) {
  let from = 0,
    to = 1;
  for (const [at, by, low, high] of [
    [p.x, q.x - p.x, box.x - 1, box.x + box.w + 1],
    [p.y, q.y - p.y, box.y - 1, box.y + box.h + 1],
  ]) {
    if (Math.abs(by) < 1e-9) {
      if (at < low || at > high) return false;
      continue;
    }
    const ends = [(low - at) / by, (high - at) / by];
    from = Math.max(from, Math.min(...ends));
    to = Math.min(to, Math.max(...ends));
  }
  return from <= to;
}

function boxAt(p, x, y, w, far, price) {
  const box = { x, y, w, h: 16, far, price };
  return { ...box, end: { x: clamp(p.x, x, x + w), y: clamp(p.y, y, y + box.h) } };
}

// The boxes round p that its name could stand in, the nearest first.
function around(p, w, rings) {
  return RINGS.slice(0, rings).flatMap((far, ring) =>
    SPOTS.map(([sx, sy], spot) => {
      const slant = sx && Math.abs(sy) < 0.5 ? Math.sign(sy) * 8 : 0;
      const x = p.x + sx * far - (sx > 0 ? 0 : sx < 0 ? w : w / 2);
      const y = p.y + sy * far - (sy > 0 ? 0 : sy < 0 ? 16 : 8) - slant;
      return boxAt(p, x, y, w, ring > 0, 12 * ring + spot);
    }),
  );
}

// Boxes far and wide, for a name that finds no place round its point.
function anywhere(p, w, room) {
  const boxes = [];
  for (let y = room.y; y + 16 <= room.y + room.h; y += 12)
    for (let x = room.x; x + w <= room.x + room.w; x += 16)
      boxes.push(boxAt(p, x, y, w, true, 100 + Math.hypot(x + w / 2 - p.x, y + 8 - p.y)));
  return boxes.sort((a, b) => a.price - b.price);
}

const apart = (p, q) => Math.hypot(p.x - q.x, p.y - q.y);

// The cheapest box for the name of p, given the boxes of others; null if none is free.
function place(p, points, boxes, room, front) {
  const w = widthOf(p.name),
    dot = (q) => ({ x: q.x - 7, y: q.y - 7, w: 14, h: 14 });
  const set = points.filter((q) => q !== p && boxes.get(q)).map((q) => [q, boxes.get(q)]);
  const inside = (box) =>
    box.x >= room.x && box.x + w <= room.x + room.w && box.y >= room.y && box.y + 16 <= room.y + room.h;
  const clear = (box) =>
    inside(box) &&
    !set.some(([q, other]) => meet(box, other, 3) || (other.far && crosses(box, q, other.end))) &&
    !points.some((q) => meet(box, dot(q), q === p ? 0 : 2));
  // a line to its point may leave a heap of points, but pass through no other
  const reached = (box) =>
    !box.far ||
    !(
      set.some(([, other]) => crosses(other, p, box.end)) ||
      points.some((q) => apart(p, q) > 16 && crosses(dot(q), p, box.end))
    );
  function cheapest(list, strict = true) {
    /** @type {any} */
    let best = null;
    for (const box of list) {
      if (best && box.price >= best.price) break; // the list grows in price
      if (!clear(box) || (strict && !reached(box))) continue;
      box.price += 6 * front.filter(([a, b]) => crosses(box, a, b)).length;
      if (!best || box.price < best.price) best = box;
    }
    return best;
  }
  if (points.length > MANY) return cheapest(around(p, w, 1));
  const near = cheapest(around(p, w, RINGS.length));
  if (near) return near;
  const far = anywhere(p, w, room);
  // at the very last its line may pass under another name
  return (
    cheapest(far) ??
    cheapest(
      far.map((box) => ({ ...box, price: box.price + 100 })),
      false,
    )
  );
}

const cost = (box) => (box ? box.price : 1000);

// A box for the name of each point, or null where none is free; what the front passes
// through costs.  One after another in several orders, and of the best outcome the worst
// names once more, each before one of its neighbours.
function placed(points, room, front) {
  const set = (boxes, list) => list.forEach((p) => boxes.set(p, place(p, points, boxes, room, front)));
  const sum = (boxes) => [...boxes.values()].reduce((total, box) => total + cost(box), 0);
  const near = (p) => points.filter((q) => apart(p, q) < 90).length;
  const orders = [
    (p, q) => near(q) - near(p),
    (p, q) => p.y - q.y,
    (p, q) => q.x - p.x,
    (p, q) => q.y - p.y,
    (p, q) => p.x - q.x,
  ];
  const many = points.length > MANY;
  const tries = (many ? orders.slice(0, 1) : orders).map((order) => {
    const turns = [...points].sort(order),
      boxes = new Map();
    set(boxes, many ? turns : [...turns, ...turns]);
    return boxes;
  });
  let best = tries.reduce((a, b) => (sum(b) < sum(a) ? b : a));
  const poor = (p) => !many && cost(best.get(p)) >= 24;
  const beside = (p) =>
    points
      .filter((q) => q !== p)
      .sort((q, r) => apart(p, q) - apart(p, r))
      .slice(0, 5);
  for (const p of points.filter(poor).slice(0, 4))
    for (const q of beside(p)) {
      const other = new Map(best);
      other.delete(p);
      other.delete(q);
      set(other, [p, q, p]);
      if (sum(other) < sum(best)) best = other;
    }
  return best;
}

// ---- the table --------------------------------------------------------------

// Where a page can be reached from here: as it stands on the site, beside the
// notebook in Jupyter, and elsewhere only by a whole address.
function link(model, page) {
  if (!page || /^[a-z]+:/i.test(page)) return { href: page };
  if (/\.ipynb$/.test(location.pathname)) return { href: page.replace(/\.html\b/, ".ipynb"), away: true };
  return { href: globalThis.google?.colab || model.widget_manager ? "" : page };
}

const anchor = ({ href, away = false }) => ({ href, target: away ? "_blank" : null, rel: away ? "noopener" : null });

function tableOf(model, data) {
  const heads = [{ key: "name", heading: data.what, better: "" }, ...data.columns].map((column) => {
    const arrow = h("span", { class: "d2l-cmp-arrow", "aria-hidden": "true" });
    const unit = column.unit ? [" ", h("span", { class: "d2l-cmp-unit" }, `(${column.unit})`)] : [];
    const el = h(
      "th",
      { scope: "col" },
      h(
        "button",
        { type: "button", style: column.heading.length > 16 ? "min-width: 7.5em" : null, onclick: () => turn(column) },
        column.heading,
        ...unit,
        arrow,
      ),
    );
    return { el, arrow, column };
  });
  // the best first; again: the other way round
  function turn({ key, better }) {
    const again = model.get("sort") === key;
    put(model, { sort: key, descending: again ? !model.get("descending") : better === "more" });
  }
  const best = data.columns.map((column, i) =>
    bestOf(
      column,
      data.rows.map((row) => row.values[i]),
    ),
  );
  const cell = (value, i) => {
    const won = value !== null && value === best[i];
    const mark = won ? [h("i", { "aria-hidden": "true" }, "★"), h("span", { class: "d2l-hidden" }, "best: ")] : [];
    return h(
      "td",
      {
        class: won ? "d2l-cmp-best" : null,
        "data-value": value,
        "data-key": data.columns[i].key,
        title: value === null ? null : exact(value),
      },
      ...mark,
      short(value, data.columns[i].digits),
    );
  };
  const lines = new Map(
    data.rows.map((row) => {
      const to = link(model, row.page);
      const name = to.href ? h("a", anchor(to), row.name) : h("span", { tabindex: 0 }, row.name);
      return [row, h("tr", { "data-name": row.name }, h("th", { scope: "row" }, name), ...row.values.map(cell))];
    }),
  );
  const body = h("tbody", {});
  const caption = h(
    "caption",
    { class: "d2l-hidden" },
    `${data.title}, a row for each ${data.what}; the column headings sort it`,
  );
  const el = h(
    "div",
    { class: "d2l-cmp-scroll" },
    h("table", { class: "d2l-cmp" }, caption, h("thead", {}, h("tr", {}, ...heads.map((x) => x.el))), body),
  );
  let shown = "";
  function draw() {
    const key = model.get("sort"),
      way = model.get("descending") ? "descending" : "ascending";
    for (const head of heads) {
      const now = head.column.key === key ? way : "none";
      head.el.setAttribute("aria-sort", now);
      head.arrow.textContent = ARROWS[now];
    }
    const rows = ordered(data, key, model.get("descending")),
      next = JSON.stringify(rows.map((row) => row.name));
    // rows that stay where they are keep the focus
    if (next !== shown) body.replaceChildren(...rows.map((row) => lines.get(row)));
    shown = next;
    for (const [row, line] of lines) line.classList.toggle("d2l-cmp-lit", row.name === model.get("lit"));
  }
  return { el, draw };
}

// ---- the plot ---------------------------------------------------------------

// A point, its name, and the line between them where the name stands far.
function pointOf(model, row) {
  const to = link(model, row.page);
  const dot = svg("circle", { class: "d2l-cmp-dot", r: 6 }),
    reach = svg("circle", { r: 14, fill: "transparent" });
  const text = svg("text", {}),
    lead = svg("path", { fill: "none", style: "stroke: var(--edge)" });
  const el = svg(
    to.href ? "a" : "g",
    { class: "d2l-cmp-point", "data-name": row.name, ...(to.href ? anchor(to) : { tabindex: 0, role: "img" }) },
    lead,
    reach,
    dot,
    text,
  );
  text.textContent = row.name;
  let held = false;
  // a finger has nothing to hover with: its first tap lights, its second opens
  el.addEventListener("pointerdown", (event) => {
    held = event.pointerType === "touch" && model.get("lit") !== row.name;
  });
  el.addEventListener("click", (event) => {
    if (held) event.preventDefault();
    held = false;
  });
  function move(point, box, words) {
    for (const circle of [dot, reach]) {
      circle.setAttribute("cx", point.x);
      circle.setAttribute("cy", point.y);
    }
    Object.assign(dot.dataset, { x: point.values[0], y: point.values[1] });
    el.setAttribute("aria-label", words);
    text.style.display = box ? "" : "none";
    lead.setAttribute("d", box?.far ? `M${point.x} ${point.y}L${box.end.x} ${box.end.y}` : "");
    if (!box) return;
    text.setAttribute("x", box.x + 1);
    text.setAttribute("y", box.y + 12);
  }
  return { el, move };
}

const arrows = {
  x: { less: "← less is better", more: "more is better →" },
  y: { less: "↓ less is better", more: "↑ more is better" },
};
const titleOf = (column, way) => [
  heading(column) + (column.scale === "log" ? ", log" : ""),
  arrows[way][column.better] ?? "",
];

function title(words, props) {
  const tail = svg("tspan", { dx: 8, "font-weight": 400, class: "d2l-cmp-soft", style: "fill: var(--muted)" });
  tail.textContent = words[1];
  return svg("text", { ...props, "font-weight": 600 }, words[0], tail);
}

function gridOf(left, top, right, bottom, xs, ys) {
  const rule = (x1, y1, x2, y2) => svg("line", { x1, y1, x2, y2, style: "stroke: var(--line)" });
  const label = ([value, text], props) => {
    const node = svg("text", { class: "d2l-cmp-soft", ...props, "data-value": value });
    node.textContent = text;
    return node;
  };
  return [
    ...xs.ticks.flatMap((tick) => [
      rule(xs.at(tick[0]), top, xs.at(tick[0]), bottom),
      label(tick, { x: xs.at(tick[0]), y: bottom + 18, "text-anchor": "middle", "data-tick": "x" }),
    ]),
    ...ys.ticks.flatMap((tick) => [
      rule(left, ys.at(tick[0]), right, ys.at(tick[0])),
      label(tick, { x: left - 8, y: ys.at(tick[0]) + 4, "text-anchor": "end", "data-tick": "y" }),
    ]),
    svg("path", { d: `M${left} ${top}V${bottom}H${right}`, fill: "none", style: "stroke: var(--edge)" }),
  ];
}

// Steps from point to point of the front: no corner promises what nobody measured.
function stairs(points, signs) {
  return points.flatMap((p, i) => {
    const q = points[i + 1];
    // the corner is the one that both points beat
    return q ? [p, signs[0] * signs[1] < 0 ? { x: q.x, y: p.y } : { x: p.x, y: q.y }] : [p];
  });
}

function plotOf(model, data) {
  const points = new Map(data.rows.map((row) => [row.name, pointOf(model, row)]));
  const back = svg("g", { "aria-hidden": "true" }),
    line = svg("path", { class: "d2l-cmp-front", "aria-hidden": "true", "data-front": "line" }),
    front = svg("g");
  const picture = svg("svg", { role: "group" }, back, line, front);
  const el = h("div", { class: "d2l-cmp-plot" }, picture);
  let shown = "",
    drawn = "";
  // What the plot shows: columns, points with both values by x, and who beats whom.
  function facts() {
    const at = ["x", "y"].map((name) => data.columns.findIndex((column) => column.key === model.get(name)));
    const columns = at.map((i) => data.columns[i]);
    const signs = columns.map((column) => ({ less: -1, more: 1 })[column.better] ?? 0);
    const all = data.rows
      .filter((row) => at.every((i) => row.values[i] !== null))
      .map((row) => ({ name: row.name, x: row.values[at[0]], y: row.values[at[1]] }))
      .sort((a, b) => a.x - b.x);
    const ranked = signs[0] !== 0 && signs[1] !== 0;
    for (const point of all)
      point.beaten = ranked ? all.filter((other) => beats(other, point, signs)).map((other) => other.name) : [];
    return { columns, signs, all, ranked, front: ranked ? all.filter((p) => !p.beaten.length) : [] };
  }
  function draw(now, width) {
    // names are not placed anew because a row is lit
    const next = JSON.stringify([model.get("x"), model.get("y"), model.get("front"), width]);
    if (next !== drawn) redraw(now, width);
    drawn = next;
  }
  function redraw(now, width) {
    const wide = Math.max(240, width),
      high = Math.round(clamp(0.56 * wide, 340, 430));
    const top = 34,
      bottom = high - 46,
      right = wide - 16;
    const ys = axis(
      now.columns[1],
      now.all.map((p) => p.y),
      bottom,
      top,
      Math.floor((bottom - top) / 52),
    );
    const left = 16 + Math.max(...ys.ticks.map(([, text]) => widthOf(text)));
    const xs = axis(
      now.columns[0],
      now.all.map((p) => p.x),
      left,
      right,
      clamp(Math.floor((right - left) / 90), 2, 9),
    );
    const spots = now.all.map((p) => ({
      name: p.name,
      x: xs.at(p.x),
      y: ys.at(p.y),
      values: [p.x, p.y],
      behind: p.beaten.length > 0,
    }));
    const path = stairs(
      spots.filter((p) => now.ranked && !p.behind),
      now.signs,
    );
    const boxes = placed(
      spots,
      { x: left + 4, y: top - 14, w: wide - left - 6, h: bottom - top + 12 },
      path.slice(1).map((q, i) => [path[i], q]),
    );
    const names = titleOf(now.columns[0], "x"),
      wordsY = titleOf(now.columns[1], "y");
    for (const [key, value] of Object.entries({ viewBox: `0 0 ${wide} ${high}`, width: wide, height: high }))
      picture.setAttribute(key, value);
    picture.setAttribute("aria-label", `Scatter plot: ${heading(now.columns[1])} over ${heading(now.columns[0])}`);
    Object.assign(picture.dataset, { left, top, right, bottom });
    back.replaceChildren(
      ...gridOf(left, top, right, bottom, xs, ys),
      title(wordsY, { x: 2, y: 14 }),
      title(names, { x: right, y: high - 6, "text-anchor": "end" }),
    );
    const joined = model.get("front") && path.length > 0;
    line.setAttribute("d", joined ? path.map((p, i) => `${i ? "L" : "M"}${p.x} ${p.y}`).join("") : "");
    // points in the order of x; moving one would take its focus
    const next = JSON.stringify(spots.map((p) => p.name));
    if (next !== shown) front.replaceChildren(...spots.map((p) => points.get(p.name).el));
    shown = next;
    spots.forEach((p, i) => {
      const words = now.columns
        .map((column, axis) => `${column.heading} ${measured(column, p.values[axis])}`)
        .join(", ");
      const place = now.ranked && !now.all[i].beaten.length ? ", on the Pareto front" : "";
      points.get(p.name).move(p, boxes.get(p), `${p.name}: ${words}${place}`);
      points.get(p.name).el.classList.toggle("d2l-cmp-behind", joined && p.behind);
    });
  }
  const light = (name) => points.forEach((point, key) => point.el.classList.toggle("d2l-cmp-lit", key === name));
  return { el, facts, draw, light };
}

// ---- the figure -------------------------------------------------------------

// What the line under the plot says of the lit row, or of the whole.
function said(model, data, now) {
  const name = model.get("lit"),
    point = now.all.find((p) => p.name === name);
  if (!name) {
    const list = now.front.map((p) => p.name).join(", ");
    return now.ranked && model.get("front")
      ? ["On the Pareto front, that is, beaten by nobody: ", h("b", {}, list), "."]
      : [
          `Point at a row or at a point, and its partner lights up.${data.rows.some((row) => link(model, row.page).href) ? " A name opens its page." : ""}`,
        ];
  }
  if (!point) return [h("b", {}, name), " has no place in the plot: a value is missing."];
  const values = now.columns
    .map((column, i) => `${column.heading} ${measured(column, [point.x, point.y][i])}`)
    .join(", ");
  const verdict = point.beaten.length
    ? ` Beaten by ${point.beaten.join(", ")}.`
    : " On the Pareto front: nobody beats it.";
  return [h("b", {}, name), `: ${values}.`, now.ranked ? verdict : ""];
}

// Pointing and focusing, in the table and in the plot, set `lit`.
function follow(model, root) {
  const name = (node) => node?.closest?.("[data-name]")?.dataset.name ?? "";
  const set = (lit) => {
    if (lit !== model.get("lit")) put(model, { lit });
  };
  const resting = () =>
    name(
      root.contains(document.activeElement) && document.activeElement?.matches(":focus-visible")
        ? document.activeElement
        : null,
    );
  root.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch") set(name(event.target) || resting());
  });
  root.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch") set(resting());
  });
  root.addEventListener("focusin", (event) => {
    if (name(event.target)) set(name(event.target));
  });
  root.addEventListener("focusout", (event) => {
    if (name(event.target) && !name(event.relatedTarget)) set("");
  });
  root.addEventListener("click", (event) => {
    if (name(event.target)) set(name(event.target));
  });
}

function build(model) {
  const data = model.get("data");
  const [table, plot] = [tableOf(model, data), plotOf(model, data)];
  const options = data.columns.map((column) => [column.key, heading(column)]);
  const chooser = (axis, label) =>
    select({ label, options, value: model.get(axis), onChange: (key) => put(model, { [axis]: key }) });
  const controls = {
    x: chooser("x", "Axis across"),
    y: chooser("y", "Axis up"),
    front: checkbox({ label: "Pareto front", value: model.get("front"), onChange: (front) => put(model, { front }) }),
  };
  const nothing = warning();
  const words = h("div", { class: "d2l-status", "data-sum": "", style: "min-height: 3em; margin-top: .5rem" });
  const missing = h("p", { class: "d2l-note" });
  const spoken = status("d2l-hidden");
  const key = h(
    "p",
    { class: "d2l-note", style: "margin-bottom: 1.1rem" },
    "★ best of its column. – no value. A column heading sorts; pressed again, it reverses the order.",
  );
  let sorted = `${model.get("sort")} ${model.get("descending")}`;
  let width = 720;

  function draw() {
    const now = plot.facts();
    const problem = now.all.length
      ? ""
      : `No ${data.what} has both ${now.columns[0].heading} and ${now.columns[1].heading}.`;
    table.draw();
    controls.x.set(model.get("x"));
    controls.y.set(model.get("y"));
    controls.front.set(model.get("front"));
    controls.front.el.querySelector("input").disabled = !now.ranked;
    nothing.say(problem);
    plot.el.hidden = words.hidden = Boolean(problem);
    if (!problem) plot.draw(now, width);
    plot.light(model.get("lit"));
    words.replaceChildren(...said(model, data, now));
    const out = data.rows.filter((row) => !now.all.some((p) => p.name === row.name)).map((row) => row.name);
    missing.textContent = !problem && out.length ? `Not in the plot, for want of a value: ${out.join(", ")}.` : "";
    const order = `${model.get("sort")} ${model.get("descending")}`;
    const column = data.columns.find((c) => c.key === model.get("sort"));
    if (order !== sorted)
      spoken.say(
        `Sorted by ${column ? column.heading : data.what}, ${model.get("descending") ? "descending" : "ascending"}.`,
      );
    sorted = order;
  }

  function ready(root) {
    follow(model, root);
    const size = new ResizeObserver(() => {
      const next = Math.round(plot.el.clientWidth || root.clientWidth - 34);
      if (next <= 0 || next === width) return;
      width = next;
      draw();
    });
    size.observe(root);
    return () => size.disconnect();
  }
  const axes = h("div", { class: "d2l-controls d2l-cmp-axes" }, controls.y.el, controls.x.el, controls.front.el);
  const rest = [nothing.el, plot.el, words, missing, spoken.el];
  return { children: [h("style", {}, STYLE), table.el, key, axes, ...rest], draw, ready };
}

const isKey = (v, model) => model.get("data").columns.some((column) => column.key === v);
const STATE = {
  x: isKey,
  y: isKey,
  sort: (v, model) => v === "" || v === "name" || isKey(v, model),
  descending: may.flag,
  front: may.flag,
  lit: (v, model) => v === "" || model.get("data").rows.some((row) => row.name === v),
};
export default lab((model) => model.get("data").title, STATE, build);
