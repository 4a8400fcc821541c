import {
  choice,
  clamp,
  copy,
  fmt,
  frame,
  grid,
  h,
  joined,
  panel,
  player,
  put,
  select,
  stage,
  status,
  stepper,
  sumText,
  times,
  watch,
} from "./kit.js";

const MOST_CHANNELS = 3;
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const make = (n, f) => Array.from({ length: n }, (_, i) => f(i));
const bracketed = (v) => (v < 0 ? `(${fmt(v)})` : fmt(v));

function problemOf(X, K, b) {
  if (X.length !== K[0].length)
    return `The input has ${X.length} channels, but each kernel has ${K[0].length}. Give both the same number.`;
  if (b.length !== K.length)
    return `There are ${K.length} output channels, but the bias has ${b.length} numbers. Give one bias to each output channel.`;
  for (const [name, size, reach] of [
    ["rows", X[0].length, K[0][0].length],
    ["columns", X[0][0].length, K[0][0][0].length],
  ])
    if (reach > size) return `The kernel has ${reach} ${name}, but the input has only ${size}. Take a smaller kernel.`;
  return "";
}

// The pairs (input, weight) of one channel under the window at (i, j).
const pairs = (X, K, i, j) => K.flatMap((row, u) => row.map((w, v) => [X[i + u][j + v], w]));
const total = (list) => list.reduce((sum, [x, w]) => sum + x * w, 0);

function compute(get) {
  const X = get("input"),
    K = get("kernel"),
    b = get("bias");
  const r = { X, K, b, problem: problemOf(X, K, b), o: Math.min(get("channel"), K.length - 1) };
  r.one = K[0][0].length === 1 && K[0][0][0].length === 1;
  if (r.problem) return r;
  r.rows = X[0].length - K[0][0].length + 1;
  r.cols = X[0][0].length - K[0][0][0].length + 1;
  // (O, C, rows, cols): each input channel with its own kernel
  r.parts = K.map((kernels) =>
    kernels.map((kernel, c) => make(r.rows, (i) => make(r.cols, (j) => total(pairs(X[c], kernel, i, j))))),
  );
  r.out = r.parts.map((parts, o) =>
    make(r.rows, (i) => make(r.cols, (j) => parts.reduce((sum, part) => sum + part[i][j], 0) + b[o])),
  );
  const [i, j] = get("selected");
  r.at = [clamp(i, 0, r.rows - 1), clamp(j, 0, r.cols - 1)];
  return r;
}

// The settings in other sizes: old numbers stay; new ones count on as the text's do.
function reshaped(model, { inputs, outputs, kernel }) {
  const X = model.get("input"),
    K = model.get("kernel"),
    b = model.get("bias");
  const [rows, cols] = [X[0].length, X[0][0].length];
  put(model, {
    input: make(inputs, (c) => make(rows, (i) => make(cols, (j) => X[c]?.[i][j] ?? c + i * cols + j))),
    kernel: make(outputs, (o) =>
      make(inputs, (c) =>
        make(kernel[0], (u) => make(kernel[1], (v) => K[o]?.[c]?.[u]?.[v] ?? o + c + u * kernel[1] + v)),
      ),
    ),
    bias: make(outputs, (o) => b[o] ?? 0),
    channel: Math.min(model.get("channel"), outputs - 1),
  });
}

function toolbar(model, shown) {
  const get = (key) => model.get(key);
  const now = () => {
    const K = get("kernel");
    return { inputs: get("input").length, outputs: K.length, kernel: [K[0][0].length, K[0][0][0].length] };
  };
  const all = [];
  if (shown.includes("preset")) {
    const list = get("presets");
    const control = select({
      label: "Example",
      value: "",
      options: [...list.map(([name]) => [name, name]), ["", "your own"]],
      onChange: (name) => {
        const one = list.find((x) => x[0] === name);
        if (one)
          put(model, { input: copy(one[1]), kernel: copy(one[2]), bias: copy(one[3]), channel: 0, selected: [0, 0] });
      },
    });
    const key = () => [get("input"), get("kernel"), get("bias")];
    all.push({ el: control.el, draw: () => control.set(list.find((x) => same(x.slice(1), key()))?.[0] ?? "") });
  }
  if (shown.includes("channels")) {
    const inputs = stepper({
      label: "Input channels",
      value: 1,
      min: 1,
      max: MOST_CHANNELS,
      onChange: (v) => reshaped(model, { ...now(), inputs: v }),
    });
    const outputs = stepper({
      label: "Output channels",
      value: 1,
      min: 1,
      max: MOST_CHANNELS,
      onChange: (v) => reshaped(model, { ...now(), outputs: v }),
    });
    all.push(
      { el: inputs.el, draw: () => inputs.set(now().inputs) },
      { el: outputs.el, draw: () => outputs.set(now().outputs) },
    );
  }
  if (shown.includes("size")) {
    const control = choice({
      label: "Kernel",
      value: "2",
      options: ["1", "2", "3"].map((n) => [n, times(n, n)]),
      onChange: (v) => reshaped(model, { ...now(), kernel: [Number(v), Number(v)] }),
    });
    all.push({
      el: control.el,
      draw: () => {
        const [a, b] = now().kernel;
        control.set(a === b ? String(a) : "");
      },
    });
  }
  return { el: h("div", { class: "d2l-controls" }, ...all.map((x) => x.el)), draw: () => all.forEach((x) => x.draw()) };
}

// One input channel: input ⋆ kernel = partial sum, in one line.
function channel(c, edit) {
  const input = grid({
    name: `input${c}`,
    label: `Input channel ${c + 1}`,
    onEdit: edit.input && ((i, j, v) => edit.input(c, i, j, v)),
  });
  const kernel = grid({
    name: `kernel${c}`,
    label: `Kernel for channel ${c + 1}`,
    onEdit: edit.kernel && ((i, j, v) => edit.kernel(c, i, j, v)),
  });
  const partial = grid({ name: `partial${c}`, label: `Partial sum of channel ${c + 1}`, onSelect: edit.select });
  const kernels = panel("", kernel.el),
    sums = panel(`Partial sum ${c + 1}`, partial.el);
  const equals = joined("=", sums.el);
  const el = stage(panel(`Input channel ${c + 1}`, input.el).el, joined("⋆", kernels.el).el, equals.el);
  return {
    el,
    draw(r) {
      el.hidden = c >= r.X.length && c >= r.K[0].length;
      if (c < r.X.length) input.show(r.X[c]);
      if (c < r.K[0].length) kernel.show(r.K[r.o][c]);
      kernels.head(r.K.length > 1 ? `Kernel ${c + 1} of output ${r.o + 1}` : `Kernel ${c + 1}`);
      equals.el.hidden = Boolean(r.problem);
      if (r.problem || el.hidden) return input.light([]);
      partial.show(r.parts[r.o][c]);
      const [i, j] = r.at;
      partial.select(i, j);
      input.light(r.K[r.o][c].flatMap((row, u) => row.map((w, v) => [i + u, j + v, `×${fmt(w)}`])));
    },
  };
}

// A 1×1 convolution at the chosen pixel: matrix · vector + bias = vector.
function dense(edit) {
  const matrix = grid({ name: "matrix", label: "Weight matrix, one row per output channel", onEdit: edit });
  const pixel = grid({ name: "pixel", label: "The chosen pixel, one number per input channel" });
  const bias = grid({ name: "biases", label: "Biases" });
  const result = grid({ name: "result", label: "The output at this pixel, one number per output channel" });
  const pixels = panel("Pixel", pixel.el);
  const words = h("div", { class: "d2l-note", style: "margin-bottom: .5rem" });
  const el = h(
    "div",
    { style: "padding-top: .8rem; margin-bottom: .9rem; border-top: 1px solid var(--line)" },
    h("div", { class: "d2l-head" }, "The same as a dense layer, at this one pixel"),
    words,
    stage(
      panel("Weights", matrix.el).el,
      joined("·", pixels.el).el,
      joined("+", panel("Bias", bias.el).el).el,
      joined("=", panel("Output", result.el).el).el,
    ),
  );
  return {
    el,
    draw(r) {
      el.hidden = !r.one || Boolean(r.problem);
      if (el.hidden) return;
      const [i, j] = r.at;
      const column = (list) => list.map((v) => [v]);
      matrix.show(r.K.map((kernels) => kernels.map((kernel) => kernel[0][0])));
      matrix.light(r.K[r.o].map((_, c) => [r.o, c]));
      pixel.show(column(r.X.map((X) => X[i][j])));
      bias.show(column(r.b));
      result.show(column(r.out.map((out) => out[i][j])));
      result.select(r.o, 0);
      pixels.head(`Pixel ${i + 1}, ${j + 1}`);
      words.textContent = `${r.X.length} inputs, ${r.K.length} ${r.K.length === 1 ? "output" : "outputs"}; every pixel of the picture goes through the same weights.`;
    },
  };
}

function spoken(r) {
  const [i, j] = r.at,
    o = r.o;
  const lists = r.K[o].map((kernel, c) => pairs(r.X[c], kernel, i, j));
  const terms = [...lists.map(total), r.b[o]].map(bracketed).join(" + ");
  const where = `Output channel ${o + 1}, row ${i + 1}, column ${j + 1}: `;
  return h(
    "span",
    { "data-sum": "", "data-value": r.out[o][i][j] },
    where,
    `${lists.map((list) => `(${sumText(list)})`).join(" + ")} + ${bracketed(r.b[o])} = ${terms} = `,
    h("b", {}, fmt(r.out[o][i][j], 3)),
  );
}

function render({ model, el }) {
  const get = (key) => model.get(key);
  const shown = get("controls");
  const has = (name) => shown.includes(name);
  let r = compute(get);
  const change = (key, edit) => {
    const next = copy(get(key));
    edit(next);
    put(model, { [key]: next });
  };
  const choose = (o, i, j) =>
    same([get("channel"), get("selected")], [o, [i, j]]) || put(model, { channel: o, selected: [i, j] });
  const point = (o, i, j) => {
    play.stop();
    choose(o, i, j);
  };

  const tools = toolbar(model, shown);
  const lines = make(MOST_CHANNELS, (c) =>
    channel(c, {
      input: has("input") ? (k, i, j, v) => change("input", (X) => (X[k][i][j] = v)) : null,
      kernel: has("kernel") ? (k, i, j, v) => change("kernel", (K) => (K[r.o][k][i][j] = v)) : null,
      select: (i, j) => point(r.o, i, j),
    }),
  );
  const bias = grid({
    name: "bias",
    label: "Bias of the chosen output",
    onEdit: has("bias") ? (i, j, v) => change("bias", (b) => (b[r.o] = v)) : null,
  });
  const biases = panel("Bias", bias.el);
  const outputs = make(MOST_CHANNELS, (o) =>
    grid({ name: `output${o}`, label: `Output channel ${o + 1}`, onSelect: (i, j) => point(o, i, j) }),
  );
  const panels = outputs.map((output, o) => panel(`Output channel ${o + 1}`, output.el));
  const equals = joined("=", ...panels.map((x) => x.el));
  equals.el.style.flexWrap = "wrap";
  const plus = joined("+", biases.el);
  const sign = h("div", { class: "d2l-head", style: "padding-top: 1.9rem; line-height: var(--cell)" });
  const sum = stage(sign, plus.el, equals.el);
  const flat = dense(has("kernel") ? (o, c, v) => change("kernel", (K) => (K[o][c][0][0] = v)) : null);
  const words = status("d2l-sum");
  const warning = h("div", { class: "d2l-warn", role: "alert", "data-problem": "" });
  const shape = h("div", { class: "d2l-formula" });
  const play = player({
    what: "the output elements",
    onPlay: (on) => words.quiet(on),
    count: () => (r.problem ? 0 : r.K.length * r.rows * r.cols),
    get: () => (r.o * r.rows + r.at[0]) * r.cols + r.at[1],
    set: (at) => choose(Math.floor(at / (r.rows * r.cols)), Math.floor(at / r.cols) % r.rows, at % r.cols),
  });

  function formula() {
    const [O, C, a, b] = [r.K.length, r.K[0].length, r.K[0][0].length, r.K[0][0][0].length];
    const weights = O * C * a * b;
    return [
      h(
        "div",
        { "data-formula": "shape" },
        `Input ${C} × ${times(r.X[0].length, r.X[0][0].length)}, kernel ${O} × ${C} × ${times(a, b)}, output ${O} × ${times(r.rows, r.cols)} (channels first)`,
      ),
      h(
        "div",
        { "data-formula": "parameters", "data-value": weights + O },
        h("i", {}, "c"),
        h("sub", {}, "out"),
        "·",
        h("i", {}, "c"),
        h("sub", {}, "in"),
        "·",
        h("i", {}, "k"),
        h("sub", {}, "h"),
        "·",
        h("i", {}, "k"),
        h("sub", {}, "w"),
        " + ",
        h("i", {}, "c"),
        h("sub", {}, "out"),
        ` = ${O}·${C}·${a}·${b} + ${O} = ${weights + O} parameters`,
      ),
    ];
  }
  function draw() {
    r = compute(get);
    tools.draw();
    lines.forEach((line) => line.draw(r));
    flat.draw(r);
    warning.textContent = r.problem;
    warning.hidden = !r.problem;
    sum.hidden = play.el.hidden = shape.hidden = Boolean(r.problem);
    if (r.problem) return words.say();
    sign.textContent =
      r.X.length === 1 ? "Partial sum 1" : `Partial sums ${make(r.X.length, (c) => c + 1).join(" + ")}`;
    bias.show([[r.b[r.o]]]);
    biases.head(r.K.length > 1 ? `Bias of output ${r.o + 1}` : "Bias");
    outputs.forEach((output, o) => {
      panels[o].el.hidden = o >= r.K.length;
      if (o >= r.K.length) return;
      output.show(r.out[o]);
      // one cell of every output is in the tab order: the chosen one, or the first
      if (o !== r.o) output.select(null);
      output.cell(0, 0).el.tabIndex = o === r.o ? -1 : 0;
      if (o === r.o) output.select(...r.at);
    });
    words.say(spoken(r));
    shape.replaceChildren(...formula());
  }

  const { stop } = frame(
    el,
    "Channels lab",
    tools.el,
    ...lines.map((line) => line.el),
    sum,
    warning,
    flat.el,
    play.el,
    words.el,
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
