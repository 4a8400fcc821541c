import {
  choice,
  clamp,
  copy,
  fmt,
  frame,
  grid,
  group,
  h,
  joined,
  padded,
  panel,
  player,
  put,
  resized,
  select,
  stage,
  status,
  stepper,
  sumText,
  times,
  watch,
} from "./kit.js";

const LARGEST_PADDING = 6;
const LARGEST_STRIDE = 6;
const LARGEST_DILATION = 4;
const LARGEST_KERNEL = 5;
const LARGEST_INPUT = 12; // larger ones are shown as pictures and not edited

const flip = (K) =>
  copy(K)
    .reverse()
    .map((row) => row.reverse());
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// Everything that follows from the settings.
function compute(get) {
  const X = get("input"),
    K = get("kernel");
  const n = [X.length, X[0].length],
    k = [K.length, K[0].length];
  const p = get("padding"),
    s = get("stride"),
    d = get("dilation");
  const size = n.map((v, a) => v + 2 * p[a]);
  const reach = k.map((v, a) => d[a] * (v - 1) + 1);
  const P = padded(X, p);
  const W = get("operation") === "convolution" ? flip(K) : K;
  const result = { X, K, W, P, n, k, p, s, d, size, reach, out: null, problem: "" };
  for (const [a, name] of [
    [0, "rows"],
    [1, "columns"],
  ])
    if (reach[a] > size[a]) {
      const pad = p[a] ? ` (${n[a]} and ${p[a]} padding on each side)` : "";
      result.problem = `The kernel reaches over ${reach[a]} ${name}, but the input has only ${size[a]}${pad}. Pad more, or take a smaller kernel or dilation.`;
      return result;
    }
  const rows = Math.floor((size[0] - reach[0]) / s[0]) + 1;
  const cols = Math.floor((size[1] - reach[1]) / s[1]) + 1;
  result.out = Array.from({ length: rows }, (_, i) =>
    Array.from({ length: cols }, (_, j) => places(result, i, j).reduce((sum, [r, c, w]) => sum + P[r][c] * w, 0)),
  );
  return result;
}

// The places in the padded input that output (i, j) looks at, with their weights.
function places({ W, s, d }, i, j) {
  return W.flatMap((row, u) => row.map((w, v) => [i * s[0] + u * d[0], j * s[1] + v * d[1], w]));
}

const it = (letter, sub) => h("span", {}, h("i", {}, letter), h("sub", {}, sub));

// ⌊(n − k + p + s) / s⌋ with the numbers in it, for the height or the width.
function formula(r, axis, style, shown) {
  const a = axis === "h" ? 0 : 1;
  const [n, k, p, s, d] = [r.n[a], r.k[a], r.p[a], r.s[a], r.d[a]];
  const value = r.problem && r.reach[a] > r.size[a] ? "no output" : Math.floor((r.size[a] - r.reach[a]) / s) + 1;
  const name = (letter) => it(letter, axis);
  const line = (...parts) =>
    h(
      "div",
      { "data-formula": axis, "data-value": value },
      axis === "h" ? "Height: " : "Width: ",
      ...parts,
      ` = ${value}`,
    );
  if (style === "torch")
    return line(
      "⌊(",
      name("n"),
      " + 2",
      name("p"),
      " − ",
      name("d"),
      "(",
      name("k"),
      " − 1) − 1) / ",
      name("s"),
      "⌋ + 1 = ",
      `⌊(${n} + 2·${p} − ${d}·(${k} − 1) − 1) / ${s}⌋ + 1`,
    );
  const plain = !shown.some((c) => ["padding", "stride"].includes(c)) && p === 0 && s === 1;
  const span = d > 1 ? r.reach[a] : k; // a dilated kernel counts with the length it spans
  if (plain) return line(name("n"), " − ", name("k"), " + 1 = ", `${n} − ${span} + 1`);
  return line(
    "⌊(",
    name("n"),
    " − ",
    name("k"),
    " + ",
    name("p"),
    " + ",
    name("s"),
    ") / ",
    name("s"),
    "⌋ = ",
    `⌊(${n} − ${span} + ${2 * p} + ${s}) / ${s}⌋`,
  );
}

function legend(style, shown) {
  if (style === "torch") return "n input, k kernel, p padding on each side, s stride, d dilation";
  return shown.includes("padding") || shown.includes("stride")
    ? "n input, k kernel, p rows or columns added in all (both sides together), s stride"
    : "n input, k kernel";
}

// A pair of steppers for height and width.
function pair(model, key, label, min, max, names = ["down", "across"]) {
  const steps = names.map((name, a) =>
    stepper({
      label: `${label}, ${name}`,
      hide: true,
      value: model.get(key)[a],
      min,
      max,
      onChange: (v) => put(model, { [key]: model.get(key).map((old, b) => (a === b ? v : old)) }),
    }),
  );
  const el = group(`${label} (${names.join(", ")})`, ...steps.map((x) => x.el));
  return { el, draw: () => steps.forEach((x, a) => x.set(model.get(key)[a])) };
}

// The same for the size of a grid.
function sizes(model, key, label, max) {
  const steps = ["rows", "columns"].map((name, a) =>
    stepper({
      label: `${label} ${name}`,
      hide: true,
      value: 1,
      min: 1,
      max,
      onChange: (v) => {
        const old = model.get(key);
        put(model, { [key]: resized(old, a ? old.length : v, a ? v : old[0].length) });
      },
    }),
  );
  const el = group(`${label} rows, columns`, ...steps.map((x) => x.el));
  return {
    el,
    draw: () => {
      const g = model.get(key);
      steps[0].set(g.length);
      steps[1].set(g[0].length);
      el.hidden = g.length > max || g[0].length > max;
    },
  };
}

function presets(model, key, list, label) {
  const control = select({
    label,
    value: "",
    options: [...list.map(([name]) => [name, name]), ["", "your own"]],
    onChange: (name) => name && put(model, { [key]: copy(list.find((x) => x[0] === name)[1]) }),
  });
  return { el: control.el, draw: () => control.set(list.find((x) => same(x[1], model.get(key)))?.[0] ?? "") };
}

function toolbar(model, shown) {
  const has = (name) => shown.includes(name);
  const all = [];
  if (has("input"))
    all.push(presets(model, "input", model.get("inputs"), "Input"), sizes(model, "input", "Input", LARGEST_INPUT));
  if (has("kernel"))
    all.push(
      presets(model, "kernel", model.get("kernels"), "Kernel"),
      sizes(model, "kernel", "Kernel", LARGEST_KERNEL),
    );
  if (has("operation")) {
    const control = choice({
      label: "Operation",
      value: model.get("operation"),
      options: [
        ["cross-correlation", "cross-correlation"],
        ["convolution", "convolution"],
      ],
      onChange: (v) => put(model, { operation: v }),
    });
    all.push({ el: control.el, draw: () => control.set(model.get("operation")) });
  }
  if (has("padding")) all.push(pair(model, "padding", "Padding each side", 0, LARGEST_PADDING));
  if (has("stride")) all.push(pair(model, "stride", "Stride", 1, LARGEST_STRIDE));
  if (has("dilation")) all.push(pair(model, "dilation", "Dilation", 1, LARGEST_DILATION));
  return { el: h("div", { class: "d2l-controls" }, ...all.map((x) => x.el)), draw: () => all.forEach((x) => x.draw()) };
}

function render({ model, el }) {
  const get = (key) => model.get(key);
  const shown = get("controls");
  const edit = (key) => (i, j, value) => {
    const next = copy(get(key));
    next[i][j] = value;
    put(model, { [key]: next });
  };
  const choose = (i, j) => same(get("selected"), [i, j]) || put(model, { selected: [i, j] });

  let r = null;
  const input = grid({ name: "input", label: "Input", onEdit: shown.includes("input") ? edit("input") : null });
  const kernel = grid({ name: "kernel", label: "Kernel", onEdit: shown.includes("kernel") ? edit("kernel") : null });
  const turned = grid({ name: "flipped", label: "Flipped kernel" });
  const output = grid({
    name: "output",
    label: "Output",
    onSelect: (i, j) => {
      play.stop();
      choose(i, j);
    },
  });
  const inputs = panel("Input", input.el),
    outputs = panel("Output", output.el);
  const kernels = panel("Kernel", kernel.el),
    flipped = panel("Kernel flipped, as applied", turned.el);
  const operator = joined("⋆", kernels.el, flipped.el),
    equals = joined("=", outputs.el);
  const sum = status("d2l-sum");
  const warning = h("div", { class: "d2l-warn", role: "alert", "data-problem": "" });
  const shape = h("div", { class: "d2l-formula" });
  const tools = toolbar(model, shown);
  const play = player({
    what: "the output cells",
    onPlay: (on) => sum.quiet(on),
    count: () => (r.out ? r.out.length * r.out[0].length : 0),
    get: () => {
      const [i, j] = spot();
      return i * r.out[0].length + j;
    },
    set: (at) => choose(Math.floor(at / r.out[0].length), at % r.out[0].length),
  });
  const spot = () => get("selected").map((v, a) => clamp(v, 0, (a ? r.out[0].length : r.out.length) - 1));

  function point() {
    if (!r.out) return sum.say();
    const [i, j] = spot();
    const seen = places(r, i, j);
    output.select(i, j);
    input.light(seen.map(([u, v, w]) => [u, v, `×${fmt(w)}`]));
    const picture = Math.max(...r.n) > LARGEST_INPUT;
    sum.say(
      h(
        "span",
        { "data-sum": "", "data-value": r.out[i][j] },
        `Row ${i + 1}, column ${j + 1}: ${sumText(
          seen.map(([u, v, w]) => [r.P[u][v], w]),
          picture ? 3 : 2,
        )} = `,
        h("b", {}, fmt(r.out[i][j], 3)),
      ),
    );
  }
  function draw() {
    r = compute(get);
    const picture = Math.max(...r.n) > LARGEST_INPUT;
    const turnedOver = get("operation") === "convolution";
    tools.draw();
    input.show(r.P, { pad: r.p, picture, tint: picture ? "grey" : null });
    inputs.head(`Input ${times(...r.n)}`);
    inputs.note(r.p.some(Boolean) ? `with padding ${times(...r.size)}` : "");
    kernel.show(r.K);
    kernels.head(`Kernel ${times(...r.k)}`);
    kernels.note(r.reach.some((v, a) => v > r.k[a]) ? `dilated, it spans ${times(...r.reach)}` : "");
    flipped.el.hidden = !turnedOver;
    if (turnedOver) turned.show(r.W);
    operator.set(turnedOver ? "∗" : "⋆");
    warning.textContent = r.problem;
    warning.hidden = !r.problem;
    equals.el.hidden = play.el.hidden = !r.out;
    if (r.out) {
      const large = Math.max(r.out.length, r.out[0].length) > LARGEST_INPUT;
      output.show(r.out, { picture: large, tint: large || picture ? "signed" : null });
      outputs.head(`Output ${times(r.out.length, r.out[0].length)}`);
    } else input.light([]);
    shape.replaceChildren(
      ...["h", "w"].map((axis) => formula(r, axis, get("formula"), shown)),
      h("div", { class: "d2l-note" }, legend(get("formula"), shown)),
    );
    point();
  }

  const { stop } = frame(
    el,
    "Convolution lab",
    tools.el,
    stage(inputs.el, operator.el, equals.el),
    warning,
    play.el,
    sum.el,
    shape,
  );
  const forget = watch(model, draw);
  return () => {
    play.stop();
    forget();
    stop();
  };
}

export default { render };
