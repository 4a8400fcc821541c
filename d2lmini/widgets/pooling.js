import {
  AXES,
  bracket,
  button,
  editing,
  exact,
  examples,
  fmt,
  grid,
  group,
  h,
  IN_WORDS,
  it,
  joined,
  lab,
  may,
  ownPicture,
  padded,
  pair,
  panel,
  percent,
  plural,
  put,
  sizes,
  stage,
  status,
  table,
  times,
  toggle,
  toolbar,
  walker,
  warning,
} from "./kit.js";

const LARGEST_WINDOW = 6;
const LARGEST_STRIDE = 6;
const LARGEST_PADDING = 3;
const LARGEST_SHIFT = 6;
const LARGEST_INPUT = 12; // larger ones are shown as pictures and not edited
const SAME = 1e-9; // nearer outputs count as unchanged: rounding, not shifting
const WRITTEN = 16; // numbers of a window that are written out

const LARGEST_PICTURE = 64;
const PICTURE_SIDE = 28; // of the reader's own
const MODES = ["max", "average"];

const STATE = {
  input: may.grid(LARGEST_PICTURE, LARGEST_PICTURE),
  mode: may.oneOf(MODES),
  window: may.pair(1, LARGEST_WINDOW),
  stride: may.pair(1, LARGEST_STRIDE),
  padding: may.pair(0, LARGEST_PADDING),
  shift: may.pair(-LARGEST_SHIFT, LARGEST_SHIFT),
  kernel: may.grid(5, 5),
  selected: may.pair(0, 1000),
};

const large = (G) => Math.max(G.length, G[0].length) > LARGEST_INPUT;
const moved = (X, [down, right]) => X.map((row, i) => row.map((_, j) => X[i - down]?.[j - right] ?? 0));

function problemOf(n, k, p) {
  for (const [a, name] of AXES.entries()) {
    if (2 * p[a] > k[a])
      return `The padding is ${plural(p[a], name.slice(0, -1))} on each side, more than half of the window's ${k[a]}, which torch refuses. Take a padding of ${Math.floor(k[a] / 2)} at most, or a larger window.`;
    if (k[a] > n[a] + 2 * p[a]) {
      const pad = p[a] ? ` (${n[a]} and ${p[a]} padding on each side)` : "";
      return `The window covers ${k[a]} ${name}, but the input has only ${n[a] + 2 * p[a]}${pad}. Take a smaller window.`;
    }
  }
  return "";
}

// The places in the padded input under the window of output (i, j).
const places = ({ k, s }, i, j) => table(...k, (u, v) => [i * s[0] + u, j * s[1] + v]).flat();

function pool(r, P) {
  const [rows, cols] = r.n.map((n, a) => Math.floor((n + 2 * r.p[a] - r.k[a]) / r.s[a]) + 1);
  return table(rows, cols, (i, j) => {
    const seen = places(r, i, j).map(([u, v]) => P[u][v]);
    return r.mode === "max" ? Math.max(...seen) : seen.reduce((a, b) => a + b, 0) / seen.length;
  });
}

function convolve(X, K) {
  const [rows, cols] = [X.length - K.length + 1, X[0].length - K[0].length + 1];
  if (rows < 1 || cols < 1) return null;
  return table(rows, cols, (i, j) =>
    K.reduce((sum, row, u) => row.reduce((part, w, v) => part + X[i + u][j + v] * w, sum), 0),
  );
}

// What the shift did: differences, how many are not zero, and their size.
function compare(before, after) {
  if (!before || !after) return null;
  const change = after.map((row, i) =>
    row.map((v, j) => {
      const d = v - before[i][j];
      return Math.abs(d) > SAME ? d : 0;
    }),
  );
  const size = (G) => G.flat().reduce((sum, v) => sum + Math.abs(v), 0);
  const all = change.flat();
  const count = all.filter(Boolean).length;
  return { change, count, all: all.length, share: count / all.length, ratio: size(change) / size(before) };
}

// Everything that follows from the settings.
function compute(get) {
  const X = get("input"),
    mode = get("mode");
  const r = {
    X,
    mode,
    n: [X.length, X[0].length],
    k: get("window"),
    s: get("stride"),
    p: get("padding"),
    shift: get("shift"),
    range: [Math.min(0, ...X.flat()), Math.max(0, ...X.flat())], // one for all pictures
  };
  r.Y = moved(X, r.shift);
  r.problem = problemOf(r.n, r.k, r.p);
  const fill = mode === "max" ? -Infinity : 0;
  r.P = padded(r.Y, r.p, fill);
  r.out = r.problem ? null : pool(r, r.P);
  r.pooled = compare(r.problem ? null : pool(r, padded(X, r.p, fill)), r.out);
  r.conv = convolve(r.Y, get("kernel"));
  r.convolved = compare(convolve(X, get("kernel")), r.conv);
  return r;
}

function shiftText([down, right]) {
  const parts = [];
  if (right) parts.push(`${Math.abs(right)} ${right > 0 ? "right" : "left"}`);
  if (down) parts.push(`${Math.abs(down)} ${down > 0 ? "down" : "up"}`);
  return parts.join(", ");
}

// ---- controls ---------------------------------------------------------------

function shifter(model) {
  const ways = [
    ["←", "left", 0, -1],
    ["↑", "up", -1, 0],
    ["↓", "down", 1, 0],
    ["→", "right", 0, 1],
  ];
  const buttons = ways.map(([text, name, down, right]) => ({
    down,
    right,
    ...button({
      label: `Shift ${name} by one pixel`,
      text,
      onClick: () => {
        const s = model.get("shift");
        put(model, { shift: [s[0] + down, s[1] + right] });
      },
    }),
  }));
  const back = button({ label: "Undo the shift", text: "Undo", onClick: () => put(model, { shift: [0, 0] }) });
  const now = h("span", { "data-shift": "" });
  const el = group(
    "Shift the input",
    ...buttons.map((b) => b.el),
    back.el,
    h("span", { style: "align-self: center" }, now),
  );
  const draw = () => {
    const s = model.get("shift");
    now.textContent = shiftText(s) || "not shifted";
    back.enable(s.some(Boolean));
    for (const b of buttons)
      b.enable(Math.abs(s[0] + b.down) <= LARGEST_SHIFT && Math.abs(s[1] + b.right) <= LARGEST_SHIFT);
  };
  return { el, draw };
}

function controls(model, shown) {
  const has = (name) => shown.includes(name);
  const inputs = model.get("inputs");
  const still = { also: () => ({ shift: [0, 0] }) };
  const own = () =>
    ownPicture({
      side: PICTURE_SIDE,
      chosen: () => model.get("input"),
      onPicture: ([input]) => put(model, { input, shift: [0, 0], selected: [0, 0] }),
    });
  return toolbar(
    ...(has("input")
      ? [examples(model, ["input"], inputs, "Input", still), sizes(model, "input", "Input", LARGEST_INPUT)]
      : []),
    ...(inputs.some(([, X]) => large(X)) ? [own()] : []),
    ...(has("mode") ? [toggle(model, "mode", "Pooling", MODES)] : []),
    ...(has("window") ? [pair(model, "window", "Window", 1, LARGEST_WINDOW)] : []),
    ...(has("stride") ? [pair(model, "stride", "Stride", 1, LARGEST_STRIDE)] : []),
    ...(has("padding") ? [pair(model, "padding", "Padding each side", 0, LARGEST_PADDING)] : []),
    ...(has("shift") ? [shifter(model)] : []),
  );
}

// ---- what is said -----------------------------------------------------------

function formula(r, axis) {
  const a = axis === "h" ? 0 : 1;
  const [n, k, p, s] = [r.n[a], r.k[a], r.p[a], r.s[a]];
  const value = k > n + 2 * p ? "no output" : Math.floor((n + 2 * p - k) / s) + 1;
  const name = (letter) => it(letter, axis);
  return h(
    "div",
    { "data-formula": axis, "data-value": value },
    axis === "h" ? "Height: " : "Width: ",
    "⌊(",
    name("n"),
    " + 2",
    name("p"),
    " − ",
    name("k"),
    ") / ",
    name("s"),
    "⌋ + 1 = ",
    `⌊(${n} + 2·${p} − ${k}) / ${s}⌋ + 1 = ${value}`,
  );
}

function written(r, i, j, digits) {
  const seen = places(r, i, j).map(([u, v]) => r.P[u][v]);
  const n = seen.length;
  const seenAll = n > WRITTEN || exact(seen.filter(Number.isFinite), digits); // −∞ is padding
  const sign = seenAll && exact([r.out[i][j]], 3) ? "=" : "≈";
  if (n === 1) return "its window holds this one number: ";
  if (n > WRITTEN) return `the ${r.mode === "max" ? "largest" : "mean"} of ${n} numbers ${sign} `;
  if (r.mode === "max") return `max(${seen.map((v) => fmt(v, digits)).join(", ")}) ${sign} `;
  return `(${seen.map((v) => bracket(v, digits)).join(" + ")}) / ${n} ${sign} `;
}

const digit = (name, value, text) => h("b", { "data-number": name, "data-value": value }, text);

// "Pooling: 44% of the outputs changed (4 of 9); the changes add up to 20% of the old output"
function told(what, c, name) {
  const size = Number.isFinite(c.ratio)
    ? ["; the changes add up to ", digit(`${name}-ratio`, c.ratio, percent(c.ratio, IN_WORDS)), " of the old output"]
    : [];
  return h(
    "div",
    {},
    `${what}: `,
    digit(`${name}-share`, c.share, percent(c.share, IN_WORDS)),
    ` of the outputs changed (${c.count} of ${c.all})`,
    ...size,
  );
}

// ---- the figure -------------------------------------------------------------

function build(model) {
  const get = (key) => model.get(key);
  const shown = get("controls");
  const has = (name) => shown.includes(name);
  const choose = (i, j) => put(model, { selected: [i, j] });
  const write = editing(model, "input");

  let r = compute(get);
  let drawn = "";
  const given = grid({ name: "input", label: "Input", onEdit: has("input") ? (i, j, v) => write(v, i, j) : null });
  const away = grid({ name: "shifted", label: "Shifted input" });
  const output = grid({
    name: "output",
    label: "Pooled output",
    onSelect: (i, j) => {
      play.stop();
      choose(i, j);
    },
  });
  const change = grid({ name: "change", label: "Change of the pooled output" });
  const kernel = grid({ name: "kernel", label: "Kernel" });
  const conv = grid({ name: "convolved", label: "Output of the convolution" });
  const convChange = grid({ name: "convolved-change", label: "Change of the convolution's output" });
  const inputs = panel("Input", given.el, away.el),
    outputs = panel("Pooled output", output.el);
  const changes = panel("What the shift changed", change.el);
  const kernels = panel("Kernel", kernel.el),
    convs = panel("Convolution", conv.el);
  const convChanges = panel("What the shift changed", convChange.el);
  const gives = joined("→", outputs.el),
    gives2 = joined("→", convs.el);

  const tools = controls(model, shown);
  const kinds = examples(model, ["kernel"], get("kernels"), "Kernel");
  const heading = h(
    "p",
    { class: "d2l-head", style: "margin-top: 1rem" },
    "The same shift through a convolution (stride 1, no padding)",
  );
  const second = h(
    "div",
    {},
    heading,
    h("div", { class: "d2l-controls" }, kinds.el),
    stage(kernels.el, gives2.el, convChanges.el),
  );
  const sum = status("d2l-sum");
  const verdict = status();
  const problem = warning();
  const shape = h("div", { class: "d2l-formula" });
  const play = walker({
    size: () => r.out && [r.out.length, r.out[0].length],
    get: () => get("selected"),
    set: choose,
    onPlay: (on) => sum.quiet(on),
  });

  function point() {
    for (const G of [given, away]) G.light([]);
    if (!r.out) return sum.say();
    const [i, j] = play.spot();
    const on = r.shift.some(Boolean) ? away : given;
    output.select(i, j);
    on.light(places(r, i, j));
    sum.say(
      h(
        "span",
        { "data-sum": "", "data-value": r.out[i][j] },
        `Row ${i + 1}, column ${j + 1}: ${written(r, i, j, large(r.X) ? 3 : 2)}`,
        h("b", {}, fmt(r.out[i][j], 3)),
      ),
    );
  }
  function showChange(G, values, box, c) {
    G.show(values, { picture: large(values), tint: large(values) ? "signed" : null });
    if (!large(values))
      G.light(
        values
          .flatMap((row, i) => row.map((v, j) => [i, j, v]))
          .filter((x) => x[2])
          .map(([i, j]) => [i, j]),
      );
    box.head(`Changed: ${c.count} of ${c.all}`);
    box.note("new number minus old");
  }
  function drawInput() {
    const picture = large(r.X);
    const is = r.shift.some(Boolean);
    given.el.hidden = is;
    away.el.hidden = !is;
    const G = is ? away : given;
    const P = padded(r.Y, r.p);
    G.show(P, { pad: r.p, picture, tint: picture ? "grey" : null, range: r.range });
    if (r.mode === "max")
      for (const cell of P.flatMap((row, i) => row.map((_, j) => G.cell(i, j)))) {
        if (cell.rim && cell.text) cell.text.data = "−∞";
        else if (cell.rim) cell.el.setAttribute("aria-label", "padding: −∞");
      }
    inputs.head(
      is ? `Input ${times(r.n[0], r.n[1])}, shifted ${shiftText(r.shift)}` : `Input ${times(r.n[0], r.n[1])}`,
    );
    const rim = r.mode === "max" ? "padding: never the largest" : "padding: zeros that count";
    const notes = [];
    if (r.p.some(Boolean)) notes.push(rim);
    if (is && has("input") && !picture) notes.push("undo the shift to type in it");
    inputs.note(notes.join("; "));
  }
  function drawSecond(is) {
    second.hidden = !is || !has("shift") || !r.conv;
    if (second.hidden) return;
    kinds.draw();
    const K = get("kernel");
    kernel.show(K);
    kernels.head(`Kernel ${times(K.length, K[0].length)}`);
    conv.show(r.conv, { picture: large(r.conv), tint: large(r.conv) ? "signed" : null });
    convs.head(`Output ${times(r.conv.length, r.conv[0].length)}`);
    showChange(convChange, r.convolved.change, convChanges, r.convolved);
  }
  function drawOutput(is) {
    gives.el.hidden = play.el.hidden = !r.out;
    changes.el.hidden = !r.out || !is;
    if (!r.out) return;
    const picture = large(r.out);
    output.show(r.out, { picture, tint: picture || large(r.X) ? "grey" : null, range: r.range });
    outputs.head(`Pooled output ${times(r.out.length, r.out[0].length)}`);
    if (is) showChange(change, r.pooled.change, changes, r.pooled);
  }
  function drawVerdict(is) {
    const parts = [];
    if (is) parts.push(h("span", { class: "d2l-hidden" }, `Shifted ${shiftText(r.shift)}.`));
    if (is && r.pooled) parts.push(told("Pooling", r.pooled, "pooled"));
    if (is && r.convolved) parts.push(told("Convolution", r.convolved, "convolved"));
    if (has("shift") && !is) parts.push("Shift the input: which outputs will change, here and in a convolution?");
    verdict.say(...parts);
  }
  function draw() {
    const now = JSON.stringify(["input", "mode", "window", "stride", "padding", "shift", "kernel"].map(get));
    if (now !== drawn) {
      drawn = now;
      r = compute(get);
      const is = r.shift.some(Boolean);
      tools.draw();
      drawInput();
      drawOutput(is);
      drawSecond(is);
      drawVerdict(is);
      problem.say(r.problem);
      shape.replaceChildren(
        formula(r, "h"),
        formula(r, "w"),
        h(
          "div",
          { class: "d2l-note" },
          "n input, p padding on each side, k window, s stride. Pooling has no parameters.",
        ),
      );
    }
    play.draw();
    point();
  }

  const said = has("shift") && h("div", { style: "margin-bottom: 1rem" }, verdict.el);
  const figure = stage(inputs.el, gives.el, changes.el);
  const children = [tools.el, said, figure, problem.el, play.el, sum.el, second, shape];
  return { children, draw, stop: play.stop };
}

export default lab("Pooling lab", STATE, build);
