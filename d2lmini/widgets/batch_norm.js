import {
  beyond,
  bound,
  bracket,
  button,
  choice,
  clamp,
  exact,
  fmt,
  h,
  lab,
  may,
  panel,
  player,
  plural,
  put,
  same,
  select,
  slide,
  slider,
  status,
  svg,
  toolbar,
  warning,
} from "./kit.js";

const LARGEST_BATCH = 64;
const LONGEST = 40; // batches that the moving averages can take in
const AXIS = 12; // both strips run from −12 to 12, so that they can be compared
const BIN = 0.3; // numbers this near are stacked
const EPS = [
  [1e-5, "0.00001"],
  [1e-3, "0.001"],
  [0.1, "0.1"],
  [1, "1"],
  [10, "10"],
];

const STATE = {
  mean: may.real(-5, 5),
  spread: may.real(0, 3),
  size: may.whole(1, LARGEST_BATCH),
  gamma: may.real(-10, 10),
  beta: may.real(-20, 20),
  eps: may.real(1e-12, 1000),
  momentum: may.real(0, 1),
  training: may.flag,
  seen: may.list(LONGEST, (batch) => Array.isArray(batch) && batch.length === 4 && isBatch(...batch)),
  selected: may.whole(0, LARGEST_BATCH),
};

function isBatch(at, spread, size, training) {
  const whole = may.whole(training ? 2 : 1, LARGEST_BATCH);
  return may.real(-5, 5)(at) && may.real(0, 3)(spread) && whole(size) && may.flag(training);
}

const mean = (v) => v.reduce((a, b) => a + b, 0) / v.length;
const squares = (v) => {
  const m = mean(v);
  return v.reduce((a, b) => a + (b - m) ** 2, 0);
};

function draws(noise, start, at, spread, size) {
  return Array.from({ length: size }, (_, i) => at + spread * noise[(start + i) % noise.length]);
}

// Everything that follows from the settings.
function compute(get) {
  const noise = get("noise"),
    momentum = get("momentum"),
    training = get("training"),
    size = get("size");
  const line = [[0, 1]],
    batches = [];
  let start = 0;
  for (const [at, spread, n, learns] of get("seen")) {
    const X = draws(noise, start, at, spread, n);
    start += n;
    const [m, v] = line[line.length - 1];
    const own = [mean(X), squares(X) / (n - 1)];
    line.push(learns ? [m + momentum * (own[0] - m), v + momentum * (own[1] - v)] : [m, v]);
    batches.push(learns ? own : null);
  }
  const X = draws(noise, start, get("mean"), get("spread"), size);
  const r = {
    X,
    line,
    batches,
    training,
    size,
    momentum,
    gamma: get("gamma"),
    beta: get("beta"),
    eps: get("eps"),
    mean: mean(X),
    variance: squares(X) / size,
    unbiased: size > 1 ? squares(X) / (size - 1) : NaN,
    moving: line[line.length - 1],
    problem: "",
    by: training ? [mean(X), squares(X) / size] : line[line.length - 1],
    /** @type {number[] | null} */
    Y: null,
  };
  if (training && size === 1) {
    r.problem =
      "A batch of one number has no spread: the number is its own mean, and the unbiased variance divides by 1 − 1 = 0. torch refuses to train on it. Take 2 numbers or more, or switch to prediction.";
    return r;
  }
  r.Y = X.map((x) => (r.gamma * (x - r.by[0])) / Math.sqrt(r.by[1] + r.eps) + r.beta);
  return r;
}

// ---- drawing ----------------------------------------------------------------

const label = (x, y, text, anchor = "middle") =>
  svg("text", { x, y, "text-anchor": anchor, style: "fill: var(--muted); font-size: 12px" }, text);
const rule = (x1, y1, x2, y2, style) => svg("line", { x1, y1, x2, y2, style });

// Numbers as stacked dots over an axis; `bars` = [[mean, deviation, dashed], …] under it.
function strip(name, values, bars, chosen, width) {
  const base = 88;
  const foot = base + 20 + 16 * bars.length;
  const x = (v) => width / 2 + (clamp(v, -AXIS, AXIS) / AXIS) * (width / 2 - 14);
  const bins = new Map();
  values.forEach((v, i) => {
    const bin = Math.round(clamp(v, -AXIS, AXIS) / BIN);
    bins.set(bin, [...(bins.get(bin) ?? []), i]);
  });
  const tallest = Math.max(...[...bins.values()].map((b) => b.length));
  const radius = Math.min(5, ((BIN / AXIS) * (width / 2 - 14)) / 2 + 1);
  const rise = Math.min(2 * radius, (base - 2 * radius) / Math.max(1, tallest - 1));
  const spots = [];
  for (const members of bins.values()) {
    const middle = x(mean(members.map((i) => clamp(values[i], -AXIS, AXIS)))); // one number stands where it is
    members.forEach((i, level) => (spots[i] = [middle, base - radius - 2 - level * rise]));
  }
  const dots = svg(
    "g",
    {},
    ...spots.map(([cx, cy], i) =>
      svg("circle", {
        cx,
        cy,
        r: i === chosen ? radius + 2 : radius,
        "data-value": values[i],
        style:
          i === chosen
            ? "fill: var(--mark); stroke: var(--ink); stroke-width: 2"
            : "fill: var(--accent); stroke: var(--bg)",
      }),
    ),
  );
  const el = svg("svg", {
    viewBox: `0 0 ${width} ${foot}`,
    width,
    height: foot,
    role: "img",
    style: "display: block; max-width: 100%",
  });
  for (let v = -AXIS; v <= AXIS; v += width < 420 ? 6 : 3)
    el.append(rule(x(v), base, x(v), base + 4, "stroke: var(--edge)"), label(x(v), base + 17, fmt(v)));
  el.append(
    rule(x(-AXIS), base, x(AXIS), base, "stroke: var(--edge)"),
    rule(x(0), 4, x(0), base, "stroke: var(--line)"),
  );
  bars.forEach(([m, s, dashed], i) => {
    const y = base + 28 + 16 * i;
    const dash = dashed ? "; stroke-dasharray: 4 3" : "";
    el.append(
      rule(x(m - s), y, x(m + s), y, `stroke: var(--mark); stroke-width: 3${dash}`),
      rule(x(m), y - 6, x(m), y + 6, "stroke: var(--mark); stroke-width: 3"),
    );
  });
  el.append(svg("g", { "data-grid": name }, dots));
  return { el, spots };
}

// How a moving average went: a line, the batches' own values, the value of the data.
function course(name, line, batches, truth, width) {
  const height = 150,
    left = 34,
    top = 10,
    bottom = height - 22;
  const all = [...line, ...batches.filter((v) => v !== null), truth];
  let [low, high] = [Math.min(0, ...all), Math.max(1, ...all)];
  const pad = (high - low) * 0.06;
  [low, high] = [low - (low < 0 ? pad : 0), high + pad];
  const x = (t) => left + (t / LONGEST) * (width - left - 8);
  const y = (v) => bottom - ((v - low) / (high - low)) * (bottom - top);
  const el = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    style: "display: block; max-width: 100%",
  });
  const step = [0.5, 1, 2, 5, 10, 20].find((s) => (high - low) / s <= 5) ?? 50;
  for (let v = Math.ceil(low / step) * step; v <= high; v += step)
    el.append(rule(left, y(v), width - 8, y(v), "stroke: var(--line)"), label(left - 5, y(v) + 4, fmt(v), "end"));
  for (let t = 0; t <= LONGEST; t += 10) el.append(label(x(t), height - 5, String(t)));
  el.append(rule(left, y(truth), width - 8, y(truth), "stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 5 4"));
  el.append(
    ...batches.flatMap((v, t) =>
      v === null ? [] : [svg("circle", { cx: x(t + 1), cy: y(v), r: 2.5, style: "fill: none; stroke: var(--muted)" })],
    ),
  );
  el.append(
    svg("polyline", {
      points: line.map((v, t) => `${x(t)},${y(v)}`).join(" "),
      style: "fill: none; stroke: var(--accent); stroke-width: 2.5",
    }),
  );
  const dots = line.map((v, t) =>
    svg("circle", { cx: x(t), cy: y(v), r: 3, "data-value": v, style: "fill: var(--accent)" }),
  );
  el.append(svg("g", { "data-grid": name }, svg("g", {}, ...dots)));
  return el;
}

// ---- controls ---------------------------------------------------------------

function controls(model, shown) {
  const eps = select({
    label: "ε",
    options: EPS.map(([v, text]) => [String(v), text]),
    value: "",
    onChange: (v) => put(model, { eps: Number(v) }),
  });
  let listed = EPS;
  // An ε that a page's address has set stands in the list as well.
  function set(v) {
    const list = EPS.some(([e]) => e === v) ? EPS : [...EPS, [v, epsText(v)]];
    if (!same(list, listed)) eps.fill(list.map(([e, text]) => [String(e), text]));
    listed = list;
    eps.set(String(v));
  }
  const mode = choice({
    label: "Mode",
    value: "",
    options: [
      ["yes", "training"],
      ["no", "prediction"],
    ],
    onChange: (v) => put(model, { training: v === "yes" }),
  });
  const all = {
    data: [
      slide(model, "mean", "Mean of the data", -5, 5, 0.1),
      slide(model, "spread", "Spread of the data", 0, 3, 0.1),
    ],
    size: [slide(model, "size", "Batch size", 1, LARGEST_BATCH, 1)],
    scale: [slide(model, "gamma", "γ, scale", -4, 4, 0.1), slide(model, "beta", "β, shift", -5, 5, 0.1)],
    eps: [bound(model, "eps", { el: eps.el, set })],
    momentum: [slide(model, "momentum", "Momentum", 0, 1, 0.05)],
    mode: [bound(model, "training", { el: mode.el, set: (v) => mode.set(v ? "yes" : "no") })],
  };
  return toolbar(...Object.entries(all).flatMap(([name, list]) => (shown.includes(name) ? list : [])));
}

const shown = (name, value, digits = 2) => h("b", { "data-number": name, "data-value": value }, fmt(value, digits));
// a mean that is 0 but for rounding
const whole = (v) => (Math.abs(v) < 1e-9 ? 0 : v);
const epsText = (v) => EPS.find(([e]) => e === v)?.[1] ?? String(v).replace("-", "−");

// ---- the figure -------------------------------------------------------------

function build(model) {
  const get = (key) => model.get(key);
  let r = compute(get);
  let width = 640;
  const [before, after, means, variances] = [h("div"), h("div"), h("div"), h("div")];
  const [top, low] = [panel("Before: the batch", before), panel("After", after)];
  const [left, right] = [panel("Moving mean", means), panel("Moving variance", variances)];
  const tools = controls(model, get("controls"));
  const problem = warning();
  const sum = status("d2l-sum");
  const facts = h("div", { class: "d2l-formula" });
  const follow = slider({
    label: "Follow number",
    value: 1,
    min: 1,
    max: 1,
    step: 1,
    onChange: (v) => put(model, { selected: v - 1 }),
  });
  const undo = button({
    label: "Set γ = √(σ² + ε) and β = μ",
    onClick: () => put(model, { gamma: clamp(Math.sqrt(r.by[1] + r.eps), -10, 10), beta: clamp(r.by[0], -20, 20) }),
  });
  const plain = button({ label: "Set γ = 1 and β = 0", onClick: () => put(model, { gamma: 1, beta: 0 }) });
  const play = player({
    what: "the batches",
    interval: 300,
    again: false, // it would forget the batches
    onPlay: (on) => sum.quiet(on),
    count: () => LONGEST + 1,
    get: () => get("seen").length,
    set: (at) => {
      const seen = get("seen").slice(0, at);
      const batch = [get("mean"), get("spread"), get("size"), get("training")];
      if (at <= seen.length || !r.problem)
        put(model, { seen: [...seen, ...Array.from({ length: at - seen.length }, () => batch)] });
    },
    said: (at) => `${at} of ${LONGEST} batches`,
  });
  const again = button({
    label: "Start again: forget all batches",
    text: "Start again",
    onClick: () => {
      play.stop();
      put(model, { seen: [] });
    },
  });
  play.el.append(again.el);

  const spot = () => clamp(get("selected"), 0, r.size - 1);
  // the dot nearest to the pointer is followed
  function pointing(host, spots) {
    host.onpointermove = host.onclick = (event) => {
      const box = host.firstChild.getBoundingClientRect();
      const far = ([cx, cy]) => Math.hypot(cx - (event.clientX - box.left), cy - (event.clientY - box.top));
      const best = spots.reduce((b, s, i) => (far(s) < far(spots[b]) ? i : b), 0);
      if (far(spots[best]) < 16 && best !== spot()) put(model, { selected: best });
    };
  }
  function show(host, name, values, bars, words) {
    const s = strip(name, values, bars, spot(), width);
    s.el.setAttribute("aria-label", words);
    host.replaceChildren(s.el);
    pointing(host, s.spots);
    return beyond(values, -AXIS, AXIS);
  }
  const about = (v) =>
    `${plural(v.length, "number")}, mean ${fmt(mean(v))}, standard deviation ${fmt(Math.sqrt(squares(v) / v.length))}`;

  function drawStrips() {
    const own = [r.mean, Math.sqrt(r.variance), false];
    const used = [r.moving[0], Math.sqrt(r.moving[1]), true];
    const out = show(before, "before", r.X, [own, used], `Before: ${about(r.X)}`);
    top.note(
      `${out}Dots: the numbers, the followed one larger. Full bar: mean ± standard deviation of this batch. Dashed: the same from the moving averages.`,
    );
    low.el.hidden = !r.Y;
    if (!r.Y) return;
    const out2 = show(
      after,
      "after",
      r.Y,
      [[mean(r.Y), Math.sqrt(squares(r.Y) / r.size), false]],
      `After: ${about(r.Y)}`,
    );
    low.head(`After: normalised by ${r.training ? "this batch" : "the moving averages"}`);
    low.note(`${out2}Full bar: mean ± standard deviation after.`);
  }
  function drawCourses() {
    const wide = width > 520 ? Math.floor((width - 20) / 2) : width;
    left.el.style.width = right.el.style.width = `${wide}px`;
    const count = r.line.length - 1;
    for (const [a, host, name, truth] of [
      [0, means, "mean", get("mean")],
      [1, variances, "variance", get("spread") ** 2],
    ]) {
      const chart = course(
        `moving-${name}`,
        r.line.map((v) => v[a]),
        r.batches.map((v) => v?.[a] ?? null),
        truth,
        wide,
      );
      chart.setAttribute(
        "aria-label",
        `Moving ${name} after ${plural(count, "batch", "batches")}: ${fmt(r.moving[a])}; the data have ${fmt(truth)}`,
      );
      host.replaceChildren(chart);
    }
    left.note("Line: moving average. Rings: the batches. Dashed: the data.");
    right.note("It starts at 1 and takes in the unbiased variance.");
  }
  const line = (...parts) => h("div", {}, ...parts);
  function drawFacts() {
    const count = r.line.length - 1;
    const [kept, taken] = [fmt(1 - r.momentum, 4), fmt(r.momentum, 4)];
    const rows = [
      line(
        "This batch: μ = ",
        shown("batch-mean", r.mean),
        ", σ² = ",
        shown("batch-variance", r.variance),
        " (divided by N)",
        ...(r.size > 1 ? [", ", shown("batch-unbiased", r.unbiased), " (divided by N − 1)"] : []),
      ),
      line(
        `Moving averages after ${count} of ${LONGEST} batches: mean `,
        shown("moving-mean", r.moving[0]),
        ", variance ",
        shown("moving-variance", r.moving[1]),
      ),
    ];
    if (r.Y)
      rows.push(
        line(
          "After: mean ",
          shown("after-mean", whole(mean(r.Y))),
          ", variance ",
          shown("after-variance", squares(r.Y) / r.size),
        ),
      );
    const average = (old, now) => {
      const next = old + r.momentum * (now - old);
      const sign = exact([old, now, next]) && exact([r.momentum], 4) ? "=" : "≈";
      return `${kept}·${bracket(old)} + ${taken}·${bracket(now)} ${sign} ${fmt(next)}`;
    };
    if (r.Y && r.training)
      rows.push(
        line(
          "The step to the next batch: moving mean = ",
          average(r.moving[0], r.mean),
          ", moving variance = ",
          average(r.moving[1], r.unbiased),
        ),
      );
    if (!r.training)
      rows.push(line("Prediction leaves the moving averages as they are, and every number is normalised by itself."));
    facts.replaceChildren(...rows);
  }
  function drawSum() {
    const i = spot();
    if (!r.Y)
      return sum.say(
        `With the variance 0 the layer would give (${fmt(r.X[0])} − ${bracket(r.X[0])}) / √(0 + ε) = 0 for any number, so always β = ${fmt(r.beta)}: nothing of the input would be left.`,
      );
    const normal = (r.X[i] - r.by[0]) / Math.sqrt(r.by[1] + r.eps);
    const sign = exact([r.X[i], ...r.by, normal, r.gamma, r.beta, r.Y[i]]) ? "=" : "≈";
    sum.say(
      h(
        "span",
        { "data-sum": "", "data-value": r.Y[i] },
        `Number ${i + 1}: (${fmt(r.X[i], 3)} − ${bracket(r.by[0], 3)}) / √(${fmt(r.by[1], 3)} + ${epsText(r.eps)}) ${sign} ${fmt(normal, 3)}, `,
        `then ${bracket(r.gamma)}·${bracket(normal, 3)} + ${bracket(r.beta)} ${sign} `,
        h("b", {}, fmt(r.Y[i], 3)),
      ),
    );
  }
  function draw() {
    r = compute(get);
    tools.draw();
    follow.input.max = r.size;
    follow.set(spot() + 1);
    follow.el.hidden = undo.el.hidden = !r.Y;
    plain.enable(r.gamma !== 1 || r.beta !== 0);
    play.draw();
    if (r.problem) play.stop();
    play.el.hidden = Boolean(r.problem);
    problem.say(r.problem);
    drawStrips();
    drawSum();
    drawCourses();
    drawFacts();
  }

  for (const { el } of [top, low, problem]) el.style.marginBottom = "1rem";
  const scale = h("div", { class: "d2l-row", style: "margin: .6rem 0" }, follow.el, undo.el, plain.el);
  const lines = h("div", { class: "d2l-stage" }, left.el, right.el);
  const next = h("p", { class: "d2l-head", style: "margin-top: 1rem" }, "The next batches");
  function ready(root) {
    const sizes = new ResizeObserver(() => {
      const now = clamp(Math.floor(top.el.clientWidth) || 640, 240, 900);
      if (now === width) return;
      width = now;
      draw();
    });
    sizes.observe(root);
    return () => sizes.disconnect();
  }
  const children = [tools.el, problem.el, top.el, low.el, sum.el, scale, next, play.el, lines, facts];
  return { children, draw, stop: play.stop, ready };
}

export default lab("Batch-normalisation lab", STATE, build);
