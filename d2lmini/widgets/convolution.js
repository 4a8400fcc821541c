import {
  AXES,
  bound,
  copy,
  editing,
  exact,
  examples,
  fmt,
  grid,
  h,
  it,
  joined,
  lab,
  may,
  ownPicture,
  padded,
  pair,
  panel,
  put,
  select,
  sizes,
  stage,
  status,
  sumText,
  table,
  times,
  toggle,
  toolbar,
  walker,
  warning,
} from "./kit.js";

const LARGEST_PADDING = 6;
const LARGEST_STRIDE = 6;
const LARGEST_DILATION = 4;
const LARGEST_KERNEL = 5;
const LARGEST_INPUT = 12; // larger ones are shown as pictures and not edited
const LARGEST_PICTURE = 64;
const PICTURE_SIDE = 28; // of the reader's own
const OPERATIONS = ["cross-correlation", "convolution"];
const MODES = ["zeros", "reflect", "replicate", "circular"];

const STATE = {
  input: may.grid(LARGEST_PICTURE, LARGEST_PICTURE),
  kernel: may.grid(LARGEST_KERNEL, LARGEST_KERNEL),
  operation: may.oneOf(OPERATIONS),
  padding: may.pair(0, LARGEST_PADDING),
  padding_mode: may.oneOf(MODES),
  stride: may.pair(1, LARGEST_STRIDE),
  dilation: may.pair(1, LARGEST_DILATION),
  selected: may.pair(0, 1000),
};

const flip = (K) =>
  copy(K)
    .reverse()
    .map((row) => row.reverse());
const isPicture = (X) => Math.max(X.length, X[0].length) > LARGEST_INPUT;

// What a reader can do about a kernel that reaches too far, with the controls there are.
function advice(shown) {
  const smaller = shown.includes("dilation") ? "a smaller kernel or dilation" : "a smaller kernel";
  return shown.includes("padding") ? `Pad more, or take ${smaller}.` : `Take ${smaller}.`;
}

// Why the picture has no rim of this kind: torch mirrors and repeats what is there.
function rimProblem(mode, n, p) {
  const most = { reflect: n - 1, circular: n }[mode] ?? p;
  return p > most
    ? `The padding mode ${mode} can add ${most} to a side of ${n}, not ${p}. Pad less, or take another mode.`
    : "";
}

function problemOf(r, shown) {
  for (const [a, name] of AXES.entries()) {
    const rim = rimProblem(r.mode, r.n[a], r.p[a]);
    if (rim) return rim;
    if (r.reach[a] <= r.size[a]) continue;
    const pad = r.p[a] ? ` (${r.n[a]} and ${r.p[a]} padding on each side)` : "";
    return `The kernel reaches over ${r.reach[a]} ${name}, but the input has only ${r.size[a]}${pad}. ${advice(shown)}`;
  }
  return "";
}

// Everything that follows from the settings.
function compute(get) {
  const X = get("input");
  const K = get("kernel");
  const [p, s, d] = [get("padding"), get("stride"), get("dilation")];
  const n = [X.length, X[0].length];
  const k = [K.length, K[0].length];
  const size = n.map((v, a) => v + 2 * p[a]);
  const reach = k.map((v, a) => d[a] * (v - 1) + 1);
  const W = get("operation") === "convolution" ? flip(K) : K;
  const r = { X, K, W, n, k, p, s, d, size, reach, mode: get("padding_mode") };
  const problem = problemOf(r, get("controls"));
  if (problem) return { ...r, problem, P: padded(X, p), out: null };
  const P = padded(X, p, 0, r.mode);
  const [rows, cols] = size.map((v, a) => Math.floor((v - reach[a]) / s[a]) + 1);
  const out = table(rows, cols, (i, j) => places(r, i, j).reduce((sum, [u, v, w]) => sum + P[u][v] * w, 0));
  return { ...r, problem, P, out };
}

// The places in the padded input that output (i, j) looks at, with their weights.
function places({ W, s, d }, i, j) {
  return W.flatMap((row, u) => row.map((w, v) => [i * s[0] + u * d[0], j * s[1] + v * d[1], w]));
}

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

// The same square picture as input, for whoever brings their own.
const own = (model) =>
  ownPicture({
    side: PICTURE_SIDE,
    chosen: () => model.get("input"),
    onPicture: ([input]) => put(model, { input, selected: [0, 0] }),
  });

function controls(model, shown) {
  const has = (name) => shown.includes(name);
  const get = (key) => model.get(key);
  const picture = get("inputs").some(([, X]) => isPicture(X));
  const modes = () =>
    bound(
      model,
      "padding_mode",
      select({
        label: "Padding mode",
        options: MODES.map((word) => [word, word]),
        value: "zeros",
        onChange: (v) => put(model, { padding_mode: v }),
      }),
    );
  return toolbar(
    ...(has("input")
      ? [examples(model, ["input"], get("inputs"), "Input"), sizes(model, "input", "Input", LARGEST_INPUT)]
      : []),
    ...(picture ? [own(model)] : []),
    ...(has("kernel")
      ? [examples(model, ["kernel"], get("kernels"), "Kernel"), sizes(model, "kernel", "Kernel", LARGEST_KERNEL)]
      : []),
    ...(has("operation") ? [toggle(model, "operation", "Operation", OPERATIONS)] : []),
    ...(has("padding") ? [pair(model, "padding", "Padding each side", 0, LARGEST_PADDING)] : []),
    ...(has("padding") && (picture || has("dilation")) ? [modes()] : []),
    ...(has("stride") ? [pair(model, "stride", "Stride", 1, LARGEST_STRIDE)] : []),
    ...(has("dilation") ? [pair(model, "dilation", "Dilation", 1, LARGEST_DILATION)] : []),
  );
}

function build(model) {
  const get = (key) => model.get(key);
  const shown = get("controls");
  const edit = (key) => {
    const write = editing(model, key);
    return shown.includes(key) ? (i, j, value) => write(value, i, j) : null;
  };
  const choose = (i, j) => put(model, { selected: [i, j] });

  let r = compute(get);
  const input = grid({ name: "input", label: "Input", onEdit: edit("input") });
  const kernel = grid({ name: "kernel", label: "Kernel", onEdit: edit("kernel") });
  const turned = grid({ name: "flipped", label: "Flipped kernel" });
  const output = grid({
    name: "output",
    label: "Output",
    onSelect: (i, j) => {
      play.stop();
      choose(i, j);
    },
  });
  const inputs = panel("Input", input.el);
  const outputs = panel("Output", output.el);
  const kernels = panel("Kernel", kernel.el);
  const flipped = panel("Kernel flipped, as applied", turned.el);
  const operator = joined("⋆", kernels.el, flipped.el);
  const gives = joined("=", outputs.el);
  const sum = status("d2l-sum");
  const problem = warning();
  const shape = h("div", { class: "d2l-formula" });
  const tools = controls(model, shown);
  const play = walker({
    size: () => r.out && [r.out.length, r.out[0].length],
    get: () => get("selected"),
    set: choose,
    onPlay: (on) => sum.quiet(on),
  });

  function point() {
    if (!r.out) return sum.say();
    const [i, j] = play.spot();
    const seen = places(r, i, j);
    const pairs = seen.map(([u, v, w]) => [r.P[u][v], w]);
    const digits = isPicture(r.X) ? 3 : 2;
    output.select(i, j);
    input.light(seen.map(([u, v, w]) => [u, v, `×${fmt(w)}`]));
    const sign = exact(pairs.flat(), digits) && exact([r.out[i][j]], 3) ? "=" : "≈";
    sum.say(
      h(
        "span",
        { "data-sum": "", "data-value": r.out[i][j] },
        `Row ${i + 1}, column ${j + 1}: ${sumText(pairs, digits)} ${sign} `,
        h("b", {}, fmt(r.out[i][j], 3)),
      ),
    );
  }
  function drawOutput() {
    gives.el.hidden = play.el.hidden = !r.out;
    if (!r.out) return input.light([]);
    const large = isPicture(r.out);
    output.show(r.out, { picture: large, tint: large || isPicture(r.X) ? "signed" : null });
    outputs.head(`Output ${times(r.out.length, r.out[0].length)}`);
  }
  function draw() {
    r = compute(get);
    const picture = isPicture(r.X);
    const turnedOver = get("operation") === "convolution";
    tools.draw();
    input.show(r.P, { pad: r.p, picture, tint: picture ? "grey" : null });
    inputs.head(`Input ${times(r.n[0], r.n[1])}`);
    inputs.note(r.p.some(Boolean) ? `with padding ${times(r.size[0], r.size[1])}` : "");
    kernel.show(r.K);
    kernels.head(`Kernel ${times(r.k[0], r.k[1])}`);
    kernels.note(r.reach.some((v, a) => v > r.k[a]) ? `dilated, it spans ${times(r.reach[0], r.reach[1])}` : "");
    flipped.el.hidden = !turnedOver;
    if (turnedOver) turned.show(r.W);
    operator.set(turnedOver ? "∗" : "⋆");
    problem.say(r.problem);
    drawOutput();
    shape.replaceChildren(
      ...["h", "w"].map((axis) => formula(r, axis, get("formula"), shown)),
      h("div", { class: "d2l-note" }, legend(get("formula"), shown)),
    );
    play.draw();
    point();
  }

  const children = [tools.el, stage(inputs.el, operator.el, gives.el), problem.el, play.el, sum.el, shape];
  return { children, draw, stop: play.stop };
}

export default lab("Convolution lab", STATE, build);
