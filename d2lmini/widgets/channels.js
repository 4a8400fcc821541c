import {
  AXES,
  bracket,
  checkbox,
  choice,
  clamp,
  editing,
  exact,
  examples,
  fmt,
  grid,
  h,
  it,
  joined,
  lab,
  make,
  may,
  ownPicture,
  panel,
  player,
  plural,
  put,
  stage,
  status,
  stepper,
  sumText,
  table,
  times,
  toolbar,
  warning,
} from "./kit.js";

const MOST = 3; // channels
const LARGEST_INPUT = 6; // larger ones are shown as pictures and not edited
const LARGEST_PICTURE = 28;
const LARGEST_KERNEL = 3;
const GREY = [[[[0.3]], [[0.59]], [[0.11]]]];

const STATE = {
  input: may.grid(MOST, LARGEST_PICTURE, LARGEST_PICTURE),
  kernel: may.grid(MOST, MOST, LARGEST_KERNEL, LARGEST_KERNEL),
  bias: may.grid(MOST),
  groups: may.whole(1, MOST),
  channel: may.whole(0, MOST - 1),
  selected: may.pair(0, LARGEST_PICTURE),
};

const isPicture = (G) => Math.max(G.length, G[0].length) > LARGEST_INPUT;

function problemOf(X, K, b, groups) {
  if (X.length % groups || K.length % groups)
    return `${groups} groups need numbers of input and output channels that are divisible by ${groups}; there are ${X.length} and ${K.length}.`;
  if (X.length !== groups * K[0].length)
    return groups > 1
      ? `In ${groups} groups, each kernel has ${plural(X.length / groups, "channel")}, not ${K[0].length}.`
      : `The input has ${plural(X.length, "channel")}, but each kernel has ${K[0].length}. Give both the same number.`;
  if (b.length !== K.length)
    return `There are ${plural(K.length, "output channel")}, but the bias has ${plural(b.length, "number")}. Give one bias to each output channel.`;
  const [size, reach] = [
    [X[0].length, X[0][0].length],
    [K[0][0].length, K[0][0][0].length],
  ];
  const a = AXES.findIndex((_, i) => reach[i] > size[i]);
  return a < 0
    ? ""
    : `The kernel has ${reach[a]} ${AXES[a]}, but the input has only ${size[a]}. Take a smaller kernel.`;
}

// The pairs (input, weight) of one channel under the window at (i, j).
const pairs = (X, K, i, j) => K.flatMap((row, u) => row.map((w, v) => [X[i + u][j + v], w]));
const total = (list) => list.reduce((sum, [x, w]) => sum + x * w, 0);

function compute(get) {
  const [X, K, b, groups] = [get("input"), get("kernel"), get("bias"), get("groups")];
  const o = Math.min(get("channel"), K.length - 1);
  const problem = problemOf(X, K, b, groups);
  const one = groups === 1 && K[0][0].length === 1 && K[0][0][0].length === 1;
  // the first input channel that output o reads
  const first = (o) => Math.floor(o / (K.length / groups)) * K[0].length;
  const r = { X, K, b, groups, problem, o, one, first, picture: isPicture(X[0]) };
  if (problem) return { ...r, rows: 0, cols: 0, at: [0, 0], parts: [], out: [], sums: [0, 0] };
  const rows = X[0].length - K[0][0].length + 1;
  const cols = X[0][0].length - K[0][0][0].length + 1;
  // (O, C / groups, rows, cols): each channel that an output reads with its own kernel
  const parts = K.map((kernels, o) =>
    kernels.map((kernel, c) => table(rows, cols, (i, j) => total(pairs(X[first(o) + c], kernel, i, j)))),
  );
  const out = parts.map((part, o) => table(rows, cols, (i, j) => part.reduce((sum, one) => sum + one[i][j], 0) + b[o]));
  const [i, j] = get("selected");
  const all = [...parts[o], ...out].flat(2);
  const sums = [Math.min(...all), Math.max(...all)]; // one scale for partial sums and outputs
  return { ...r, rows, cols, parts, out, sums, at: [clamp(i, 0, rows - 1), clamp(j, 0, cols - 1)] };
}

// ---- controls ---------------------------------------------------------------

// The settings in other sizes: old numbers stay; new ones count on as the text's do.
function reshaped(model, { inputs, outputs, kernel }) {
  const [X, K, b] = [model.get("input"), model.get("kernel"), model.get("bias")];
  const [rows, cols] = [X[0].length, X[0][0].length];
  put(model, {
    input: make(inputs, (c) => table(rows, cols, (i, j) => X[c]?.[i][j] ?? c + i * cols + j)),
    kernel: make(outputs, (o) =>
      make(inputs / model.get("groups"), (c) =>
        table(kernel[0], kernel[1], (u, v) => K[o]?.[c]?.[u]?.[v] ?? o + c + u * kernel[1] + v),
      ),
    ),
    bias: make(outputs, (o) => b[o] ?? 0),
    channel: Math.min(model.get("channel"), outputs - 1),
  });
}

// Depthwise: one group for each channel, and one kernel for it.  Back: the same
// kernels among zeros, which give the same numbers.
function regrouped(model, depthwise) {
  const [C, K] = [model.get("input").length, model.get("kernel")];
  const [rows, cols] = [K[0][0].length, K[0][0][0].length];
  const own = (o) => K[o]?.[Math.min(o, K[o].length - 1)] ?? table(rows, cols, () => 0);
  put(model, {
    groups: depthwise ? C : 1,
    kernel: make(C, (o) => (depthwise ? [own(o)] : make(C, (c) => (c === o ? own(o) : table(rows, cols, () => 0))))),
    bias: make(C, (o) => model.get("bias")[o] ?? 0),
  });
}

function sizeOf(get) {
  const K = get("kernel");
  return { inputs: get("input").length, outputs: K.length, kernel: [K[0][0].length, K[0][0][0].length] };
}

function channelSteppers(model) {
  const now = () => sizeOf((key) => model.get(key));
  const step = (label, key) =>
    stepper({ label, value: 1, min: 1, max: MOST, onChange: (v) => reshaped(model, { ...now(), [key]: v }) });
  const steps = { inputs: step("Input channels", "inputs"), outputs: step("Output channels", "outputs") };
  const draw = () => {
    for (const [key, one] of Object.entries(steps)) {
      one.set(now()[key]);
      one.el.hidden = model.get("groups") > 1;
    }
  };
  return Object.values(steps).map((one) => ({ el: one.el, draw }));
}

function depthwise(model) {
  const box = checkbox({
    label: "Depthwise: each kernel reads one channel",
    value: false,
    onChange: (yes) => regrouped(model, yes),
  });
  const draw = () => {
    box.set(model.get("groups") > 1);
    box.el.hidden = model.get("input").length === 1;
  };
  return { el: box.el, draw };
}

function controls(model, shown) {
  const has = (name) => shown.includes(name);
  const now = () => sizeOf((key) => model.get(key));
  const size = choice({
    label: "Kernel",
    value: "2",
    options: ["1", "2", "3"].map((n) => [n, times(n, n)]),
    onChange: (v) => reshaped(model, { ...now(), kernel: [Number(v), Number(v)] }),
  });
  const start = { channel: 0, selected: [0, 0] };
  const keys = ["input", "kernel", "bias", "groups"];
  const own = () =>
    ownPicture({
      side: LARGEST_PICTURE,
      channels: 3,
      chosen: () => model.get("input"),
      onPicture: (input) => {
        const fits = model.get("groups") * model.get("kernel")[0].length === 3;
        put(model, { input, ...start, ...(fits ? {} : { kernel: GREY, bias: [0], groups: 1 }) });
      },
    });
  return toolbar(
    ...(has("preset") ? [examples(model, keys, model.get("presets"), "Example", { also: () => start }), own()] : []),
    ...(has("channels") ? [...channelSteppers(model), depthwise(model)] : []),
    ...(has("size")
      ? [{ el: size.el, draw: () => size.set(now().kernel[0] === now().kernel[1] ? String(now().kernel[0]) : "") }]
      : []),
  );
}

// ---- parts of the figure ------------------------------------------------------

// One input channel: input ⋆ kernel = partial sum, in one line.
function channel(c, edit) {
  const input = grid({
    name: `input${c}`,
    label: `Input channel ${c + 1}`,
    onEdit: edit.input && ((i, j, v) => edit.input(v, c, i, j)),
  });
  const kernel = grid({
    name: `kernel${c}`,
    label: `Kernel for channel ${c + 1}`,
    onEdit: edit.kernel && ((i, j, v) => edit.kernel(c, i, j, v)),
  });
  const partial = grid({ name: `partial${c}`, label: `Partial sum of channel ${c + 1}`, onSelect: edit.select });
  const inputs = panel(`Input channel ${c + 1}`, input.el);
  const kernels = panel("", kernel.el);
  const equals = joined("=", panel(`Partial sum ${c + 1}`, partial.el).el);
  const star = joined("⋆", kernels.el);
  const el = stage(inputs.el, star.el, equals.el);
  el.style.setProperty("--picture", "168px"); // three of them stand below each other
  function draw(r) {
    const k = c - r.first(r.o); // the number of this channel among those that are read
    const read = k >= 0 && k < r.K[0].length;
    el.hidden = c >= r.X.length && !read;
    if (c < r.X.length)
      input.show(r.X[c], { picture: r.picture, tint: r.picture ? "grey" : null, range: rangeOf(r.X) });
    star.el.hidden = !read;
    equals.el.hidden = !read || Boolean(r.problem);
    inputs.note(read ? "" : `not read by output ${r.o + 1}`);
    input.light([]);
    if (read) kernel.show(r.K[r.o][k]);
    kernels.head(r.K.length > 1 ? `Kernel ${c + 1} of output ${r.o + 1}` : `Kernel ${c + 1}`);
    if (el.hidden || equals.el.hidden) return;
    const tint = r.picture ? "signed" : null;
    partial.show(r.parts[r.o][k], { picture: isPicture(r.parts[r.o][k]), tint, range: r.sums });
    const [i, j] = r.at;
    partial.select(i, j);
    input.light(r.K[r.o][k].flatMap((row, u) => row.map((w, v) => [i + u, j + v, `×${fmt(w)}`])));
  }
  return { el, draw };
}

// What is black and what is white in all channels of X: 0 and 1, unless there are others.
const rangeOf = (X) => [Math.min(0, ...X.flat(2)), Math.max(1, ...X.flat(2))];

// Three channels as the colours that they are.
function colours() {
  const canvas = h("canvas", {
    class: "d2l-pixels d2l-colours",
    role: "img",
    "aria-label": "The three channels as red, green and blue",
  });
  const view = panel("The picture: red, green and blue together", canvas);
  function draw({ X, picture }) {
    view.el.hidden = !picture || X.length !== 3;
    if (view.el.hidden) return;
    const [rows, cols] = [X[0].length, X[0][0].length];
    Object.assign(canvas, { width: cols, height: rows });
    const [low, high] = rangeOf(X);
    const bytes = table(rows, cols, (i, j) => [...X.map((G) => (255 * (G[i][j] - low)) / (high - low)), 255]).flat(2);
    canvas.getContext("2d").putImageData(new ImageData(Uint8ClampedArray.from(bytes), cols, rows), 0, 0);
  }
  return { el: stage(view.el), draw };
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
      words.textContent = `${plural(r.X.length, "input")}, ${plural(r.K.length, "output")}; every pixel of the picture goes through the same weights.`;
    },
  };
}

function spoken(r) {
  const [i, j] = r.at;
  const { o } = r;
  const value = r.out[o][i][j];
  const lists = r.K[o].map((kernel, c) => pairs(r.X[r.first(o) + c], kernel, i, j));
  const sums = [...lists.map(total), r.b[o]];
  const sign = exact([...lists.flat(2), ...sums]) && exact([value], 3) ? "=" : "≈";
  return h(
    "span",
    { "data-sum": "", "data-value": value },
    `Output channel ${o + 1}, row ${i + 1}, column ${j + 1}: `,
    `${lists.map((list) => `(${sumText(list)})`).join(" + ")} + ${bracket(r.b[o])} ${sign} ${sums.map((v) => bracket(v)).join(" + ")} ${sign} `,
    h("b", {}, fmt(value, 3)),
  );
}

function formula(r) {
  const [O, C, a, b] = [r.K.length, r.K[0].length, r.K[0][0].length, r.K[0][0][0].length];
  const weights = O * C * a * b;
  const size = [r.X[0].length, r.X[0][0].length];
  const group = r.groups > 1 ? [" / ", it("g")] : [];
  return [
    h(
      "div",
      { "data-formula": "shape" },
      `Input ${r.X.length} × ${times(size[0], size[1])}, kernel ${O} × ${C} × ${times(a, b)}, output ${O} × ${times(r.rows, r.cols)} (channels first)`,
    ),
    h(
      "div",
      { "data-formula": "parameters", "data-value": weights + O },
      ...[it("c", "out"), "·", it("c", "in"), ...group, "·", it("k", "h"), "·", it("k", "w"), " + ", it("c", "out")],
      ` = ${O}·${r.groups > 1 ? `(${r.X.length} / ${r.groups})` : C}·${a}·${b} + ${O} = ${weights + O} parameters`,
    ),
  ];
}

function build(model) {
  const get = (key) => model.get(key);
  const shown = get("controls");
  const has = (name) => shown.includes(name);
  let r = compute(get);
  const choose = (o, i, j) => put(model, { channel: o, selected: [i, j] });
  const point = (o, i, j) => {
    play.stop();
    choose(o, i, j);
  };
  const write = { input: editing(model, "input"), kernel: editing(model, "kernel"), bias: editing(model, "bias") };

  const tools = controls(model, shown);
  const colour = colours();
  const lines = make(MOST, (c) =>
    channel(c, {
      input: has("input") && write.input,
      kernel: has("kernel") && ((c, i, j, v) => write.kernel(v, r.o, c - r.first(r.o), i, j)),
      select: (i, j) => point(r.o, i, j),
    }),
  );
  const bias = grid({
    name: "bias",
    label: "Bias of the chosen output",
    onEdit: has("bias") ? (_i, _j, v) => write.bias(v, r.o) : null,
  });
  const biases = panel("Bias", bias.el);
  const outputs = make(MOST, (o) =>
    grid({ name: `output${o}`, label: `Output channel ${o + 1}`, onSelect: (i, j) => point(o, i, j) }),
  );
  const panels = outputs.map((output, o) => panel(`Output channel ${o + 1}`, output.el));
  const equals = joined("=", ...panels.map((x) => x.el));
  equals.el.style.flexWrap = "wrap";
  const sign = h("div", { class: "d2l-head", style: "padding-top: 1.9rem; line-height: var(--cell)" });
  const sum = stage(sign, joined("+", biases.el).el, equals.el);
  const flat = dense(has("kernel") ? (o, c, v) => write.kernel(v, o, c, 0, 0) : null);
  const words = status("d2l-sum");
  const problem = warning();
  const shape = h("div", { class: "d2l-formula" });
  const play = player({
    what: "the output elements",
    onPlay: (on) => words.quiet(on),
    count: () => (r.problem ? 0 : r.K.length * r.rows * r.cols),
    get: () => (r.o * r.rows + r.at[0]) * r.cols + r.at[1],
    set: (at) => choose(Math.floor(at / (r.rows * r.cols)), Math.floor(at / r.cols) % r.rows, at % r.cols),
  });

  function drawOutputs() {
    for (const [o, output] of outputs.entries()) {
      panels[o].el.hidden = o >= r.K.length;
      if (panels[o].el.hidden) continue;
      output.show(r.out[o], { picture: isPicture(r.out[o]), tint: r.picture ? "signed" : null, range: r.sums });
      // one cell of every output is in the tab order: the chosen one, or the first
      if (o !== r.o) output.select(null);
      output.cell(0, 0).el.tabIndex = o === r.o ? -1 : 0;
      if (o === r.o) output.select(r.at[0], r.at[1]);
    }
  }
  function draw() {
    r = compute(get);
    tools.draw();
    colour.draw(r);
    lines.forEach((line) => line.draw(r));
    flat.draw(r);
    problem.say(r.problem);
    sum.hidden = play.el.hidden = shape.hidden = Boolean(r.problem);
    if (r.problem) return words.say();
    play.draw();
    const read = make(r.K[0].length, (c) => r.first(r.o) + c + 1);
    sign.textContent = read.length === 1 ? `Partial sum ${read[0]}` : `Partial sums ${read.join(" + ")}`;
    bias.show([[r.b[r.o]]]);
    biases.head(r.K.length > 1 ? `Bias of output ${r.o + 1}` : "Bias");
    drawOutputs();
    words.say(spoken(r));
    shape.replaceChildren(...formula(r));
  }

  const rows = lines.map((line) => line.el);
  const children = [tools.el, colour.el, ...rows, sum, problem.el, flat.el, play.el, words.el, shape];
  return { children, draw, stop: play.stop };
}

export default lab("Channels lab", STATE, build);
