// One number of a network, taken apart: its window, its kernel and its sum.
import { bracket, button, exact, fmt, grid, h, plural, select, status, sumText, times } from "./kit.js";
import { fieldFrame, paintPicture } from "./network_maps.js";
import { detail, spread } from "./network_view.js";

const TERMS = 5; // of a dense layer that are written out
const WRITTEN = 9; // products of a window that are written out

const NAMES = {
  convolution: "convolution",
  max_pool: "max pooling",
  average_pool: "average pooling",
  batch_norm: "batch normalisation",
  dense: "dense layer",
  relu: "ReLU",
  sigmoid: "sigmoid",
  tanh: "tanh",
  dropout: "dropout",
  flatten: "flatten",
  add: "sum of two branches",
  concatenate: "branches side by side",
};

// What a node is called: its kind, and its number among those of its kind.
export function titles(nodes) {
  const seen = {};
  const total = {};
  for (const { op } of nodes) total[op] = (total[op] ?? 0) + 1;
  return nodes.map(({ op }) => {
    seen[op] = (seen[op] ?? 0) + 1;
    const name = NAMES[op][0].toUpperCase() + NAMES[op].slice(1);
    return total[op] > 1 ? `${name} ${seen[op]}` : name;
  });
}

const placeText = ([C, H, W], [c, u, v]) =>
  H * W === 1 || (C === 1 && H === 1)
    ? `number ${Math.max(c, v) + 1} of ${Math.max(C, W)}`
    : `map ${c + 1} of ${C}, row ${u + 1}, column ${v + 1}`;

const equals = (numbers) => (exact(numbers) ? "=" : "≈");

// The sentence on how a number was made.
const WORDS = {
  relu: ({ x, value }) => `the larger of 0 and ${fmt(x)}: ${fmt(value)}`,
  sigmoid: ({ x, value }) => `1 / (1 + e^(${fmt(-x)})) ${equals([x, value])} ${fmt(value, 3)}`,
  tanh: ({ x, value }) => `tanh(${fmt(x)}) ${equals([x, value])} ${fmt(value, 3)}`,
  add: ({ x, y, value }) => `${fmt(x)} + ${bracket(y)} ${equals([x, y, value])} ${fmt(value)}`,
  dropout: ({ value }) => `${fmt(value)}, handed on: nothing is dropped once training is over`,
  flatten: ({ value }) => `${fmt(value)}, the same number in a row with all others`,
  concatenate: ({ value }) => `${fmt(value)}, handed on from its branch`,
  batch_norm: ({ x, mean, deviation, gamma, beta, value }) =>
    `(${fmt(x)} − ${bracket(mean)}) / ${fmt(deviation)} · ${bracket(gamma)} + ${bracket(beta)} ≈ ${fmt(value, 3)}`,
  max_pool: ({ value }) => `the largest in its window: ${fmt(value, 3)}`,
  average_pool: ({ windows, value }) => {
    const list = windows[0].values.flat();
    return list.length > WRITTEN
      ? `the mean of ${list.length} numbers: ${fmt(value, 3)}`
      : `(${list.map((x) => bracket(x)).join(" + ")}) / ${list.length} ≈ ${fmt(value, 3)}`;
  },
  dense: ({ terms, bias, value }) => {
    const first = [...terms].sort((a, b) => Math.abs(b[1] * b[2]) - Math.abs(a[1] * a[2])).slice(0, TERMS);
    const rest = terms.reduce((sum, [, x, w]) => sum + x * w, 0) - first.reduce((sum, [, x, w]) => sum + x * w, 0);
    const others = terms.length > TERMS ? ` + ${bracket(rest)} from the other ${terms.length - TERMS}` : "";
    const pairs = sumText(first.map(([, x, w]) => [x, w]));
    return `${plural(terms.length, "product")}, the largest first: ${pairs}${others} + bias ${bracket(bias)} ≈ ${fmt(value, 3)}`;
  },
  convolution: ({ windows, bias, value }, source) => {
    const { values, weights, sum } = windows[source];
    const pairs = values.flat().map((x, k) => [x, weights.flat()[k]]);
    const written = pairs.length <= WRITTEN ? sumText(pairs) : `the ${pairs.length} products`;
    if (windows.length === 1)
      return `${written} add up to ${fmt(sum, 3)}, with the bias ${bracket(bias)} ≈ ${fmt(value, 3)}`;
    const total = windows.reduce((all, one) => all + one.sum, 0);
    return (
      `${written} of one map add up to ${fmt(sum, 3)}; those of all ${windows.length} to ${fmt(total, 3)}, ` +
      `with the bias ${bracket(bias)} ≈ ${fmt(value, 3)}`
    );
  },
};

// The whole picture, small, with a frame round what the number sees.
function picture() {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const frame = fieldFrame();
  const el = h("div", { class: "d2l-net-mini" }, canvas, frame.el);
  function show({ data, size, range }, seen) {
    [canvas.height, canvas.width] = size.slice(1);
    paintPicture(canvas, data, size, range);
    frame.show(seen, size);
  }
  return { el, show };
}

// The panel.  `on` has: source(k), edit(node, index, value), silence(node, channel),
// zero(node, start, count), close().  Returns { el, draw(view), enter }.
export function inspector(on) {
  /** @type {any} */
  let now = null;
  const window = grid({ name: "window", label: "Window" });
  const kernel = grid({ name: "kernel", label: "Kernel", onEdit: (i, j, v) => on.edit(now.i, startOf(now, i, j), v) });
  const fixed = grid({ name: "kernel-fixed", label: "Kernel" });
  const source = select({ label: "From map", options: [], value: "0", onChange: (v) => on.source(Number(v)) });
  let sources = 0;
  const silence = button({ label: "Silence this map", onClick: () => on.silence(now.i, now.channel) });
  const zero = button({
    label: "Silence this kernel",
    onClick: () => on.zero(now.i, startOf(now, 0, 0), now.made.windows[now.source].weights.flat().length),
  });
  const heads = ["Window", "Kernel"].map((text) => h("div", { class: "d2l-head" }, text));
  const left = h("div", { class: "d2l-panel" }, heads[0], window.el);
  const right = h("div", { class: "d2l-panel" }, heads[1], kernel.el, fixed.el);
  const said = status("d2l-sum");
  const close = button({ label: "Close", onClick: on.close });
  const tools = h("div", { class: "d2l-row d2l-net-acts" }, source.el, silence.el, zero.el, close.el);
  const body = h("div", { class: "d2l-net-parts" }, left, right);
  const small = picture();
  const row = h("div", { class: "d2l-net-row" }, body, tools);
  const el = h(
    "div",
    { class: "d2l-net-inspect", tabindex: -1, role: "group", "aria-label": "The chosen number" },
    small.el,
    said.el,
    row,
  );
  const startOf = ({ made, source: k }, i, j) => made.windows[k].start + i * made.windows[k].weights[0].length + j;

  // view: { network, outputOf, i, place, channel, title, source, silent, seen, can: { edit, silence } }
  function draw(view) {
    el.hidden = !view;
    if (!view) return;
    const made = view.network
      ? detail(view.network, view.outputOf, view.i, view.place)
      : { op: view.op, value: view.value };
    const k = Math.min(view.source, (made.windows?.length ?? 1) - 1);
    now = { ...view, made, source: k };
    const field = view.seen
      ? ` It sees ${times(...sides(view.seen))} of the picture's pixels.`
      : " It sees nothing of the picture.";
    const silent = view.silent ? " It is silenced: what comes after gets 0." : "";
    const how = WORDS[made.op] && view.network ? ` ${WORDS[made.op](made, k)}.` : ` ${fmt(made.value, 3)}.`;
    const name = `${view.title}, ${placeText(spread(view.shape), view.place)}:`;
    said.say(h("span", { "data-sum": "", "data-value": made.value }, h("b", {}, name), how, field, silent));
    drawWindow(made.windows?.[k], view);
    small.show(view.picture, view.seen);
    source.el.hidden = !(made.windows?.[k]?.weights && made.windows.length > 1);
    if (!source.el.hidden) offer(made.windows, k);
    silence.el.hidden = !view.can.silence;
    silence.set(
      `${view.silent ? "Let" : "Silence"} this ${isMap(view) ? "map" : "number"}${view.silent ? " speak" : ""}`,
    );
    zero.el.hidden = !(view.can.edit && made.windows?.[k]?.weights);
  }
  function offer(windows, k) {
    const first = windows[0].channel;
    if (sources !== 1000 * first + windows.length)
      source.fill(windows.map(({ channel }, at) => [String(at), String(channel + 1)]));
    sources = 1000 * first + windows.length;
    source.set(String(k));
  }
  function drawWindow(part, view) {
    body.hidden = !part;
    if (!part) return;
    window.show(part.values, { tint: "signed", kind: (i, j) => (part.inside[i][j] ? null : "d2l-rim") });
    if (now.made.op === "max_pool")
      for (const [i, row] of part.inside.entries())
        for (const [j, yes] of row.entries()) {
          const { text } = window.cell(i, j);
          if (text && !yes) text.data = "−∞"; // never the largest
        }
    const where =
      view.network.nodes[view.i].from[0] < 0 ? "Window in the picture" : `Window in map ${part.channel + 1}`;
    heads[0].textContent = part.weights ? where : "Window";
    right.hidden = !part.weights;
    if (!part.weights) return;
    const shown = view.can.edit ? kernel : fixed;
    kernel.el.hidden = !view.can.edit;
    fixed.el.hidden = view.can.edit;
    shown.show(part.weights, { tint: "signed" });
    heads[1].textContent = view.can.edit ? "Kernel, to edit" : "Kernel";
  }
  // To the first field that the tab key would come to, or where there is none to the
  // panel: on a button the next Enter would silence the map, or close the panel.
  function enter() {
    const fields = /** @type {NodeListOf<HTMLElement>} */ (el.querySelectorAll("input, select"));
    ([...fields].find((one) => one.tabIndex >= 0 && one.checkVisibility()) ?? el).focus();
  }
  return { el, draw, enter, close: on.close };
}

const isMap = ({ shape }) => shape.length === 4 && shape[2] * shape[3] > 1;
const sides = ([, [u0, u1], [v0, v1]]) => [u1 - u0 + 1, v1 - v0 + 1];
