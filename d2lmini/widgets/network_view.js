// Questions to a network that has run: where a number comes from, and how.
//
// A place is [channel, row, column]; a vector is one row of one channel.  A box is the
// three intervals [first, last] of channels, rows and columns that are seen.
import { make, table } from "./kit.js";

// Channels, rows and columns of a tensor's shape, the batch left out.
export const spread = (shape) => (shape.length === 4 ? shape.slice(1) : [1, 1, shape[shape.length - 1]]);
/** @param {number[]} size @param {number[]} place */
const offset = ([, H, W], [c, u, v]) => (c * H + u) * W + v;
/** @param {{ data: ArrayLike<number>, shape: number[] }} Y @param {number[]} place */
export const valueAt = ({ data, shape }, place) => data[offset(spread(shape), place)];

const WINDOWED = ["convolution", "max_pool", "average_pool"];
const upTo = (n) => make(n, (i) => i);
const union = (a, b) => [...new Set([...a, ...b])].sort((x, y) => x - y);
const join = (a, b) => (a && b ? a.map((list, i) => union(list, b[i])) : (a ?? b));

// Rows and columns of the input under the window of an output; some lie outside.
/** @param {any} node @param {number[]} size @param {number[]} place */
function reach(node, [, H, W], [u, v]) {
  if (node.global) return [upTo(H), upTo(W)];
  const { kernel, stride, padding, dilation = [1, 1] } = node;
  return [u, v].map((at, a) => make(kernel[a], (k) => at * stride[a] - padding[a] + k * dilation[a]));
}

// The channels, rows and columns of the input `part` of a node that those of its output
// are made of; null for none.
/** @param {any} node @param {number[][]} sizes @param {number} part @param {number[][]} seen @returns {number[][] | null} */
function before(node, sizes, part, [channels, rows, cols]) {
  const size = sizes[part];
  const [C, H, W] = size;
  if (node.op === "dense") return [channels, rows, upTo(W)];
  if (node.op === "flatten") {
    const places = cols.map((at) => [Math.floor(at / (H * W)), Math.floor(at / W) % H, at % W]);
    return [0, 1, 2].map((axis) =>
      union(
        places.map((place) => place[axis]),
        [],
      ),
    );
  }
  if (node.op === "concatenate") {
    const start = sizes.slice(0, part).reduce((sum, [n]) => sum + n, 0);
    const own = channels.map((c) => c - start).filter((c) => c >= 0 && c < C);
    return own.length ? [own, rows, cols] : null;
  }
  if (!WINDOWED.includes(node.op)) return [channels, rows, cols];
  const spans = [rows, cols].map((list, a) => {
    const all = list.flatMap((at) => reach(node, size, [at, at])[a]);
    return union(all, []).filter((at) => at >= 0 && at < size[a + 1]);
  });
  if (spans.some((list) => !list.length)) return null; // nothing but padding
  if (node.op !== "convolution") return [channels, ...spans];
  const [own, each] = [C / node.groups, node.out / node.groups];
  const groups = union(
    channels.map((c) => Math.floor(c / each)),
    [],
  );
  return [groups.flatMap((g) => make(own, (k) => g * own + k)), ...spans];
}

// The boxes that the number at `place` of node i is made of: `seen` on the picture, and
// `boxes` in the nodes before i.
export function fields(nodes, shapeOf, i, place) {
  /** @type {(number[][] | null)[]} */
  const seen = nodes.map(() => null);
  seen[i] = place.map((v) => [v]);
  let picture = null;
  for (let at = i; at >= 0; at--) {
    const now = seen[at];
    if (!now) continue;
    const sizes = nodes[at].from.map((j) => spread(shapeOf(j)));
    for (const [part, j] of nodes[at].from.entries()) {
      const own = before(nodes[at], sizes, part, now);
      if (j < 0) picture = join(picture, own);
      else seen[j] = join(seen[j], own);
    }
  }
  const box = (lists) => lists?.map((list) => [list[0], list[list.length - 1]]) ?? null;
  return { seen: box(picture), boxes: seen.map(box) };
}

// How node i came to its number at `place`: { op, value } and, by operation, `windows`
// [{ channel, values, weights, inside, sum }], `terms` [[place, x, w]], `bias`, `x`, `y`.
/** @returns {any} */
export function detail(network, outputOf, i, place) {
  const node = network.nodes[i];
  const layer = network.layers[i];
  const inputs = node.from.map(outputOf);
  const made = { op: node.op, value: valueAt(outputOf(i), place) };
  if (WINDOWED.includes(node.op)) return { ...made, ...windowed(node, layer, inputs[0], place) };
  if (node.op === "dense") return { ...made, ...weighed(layer, inputs[0], place) };
  if (node.op === "batch_norm") return { ...made, ...normalised(layer, inputs[0], place) };
  if (node.op === "add") return { ...made, x: valueAt(inputs[0], place), y: valueAt(inputs[1], place) };
  const sizes = inputs.map(({ shape }) => spread(shape));
  const parts = sizes.map((_, k) =>
    before(
      node,
      sizes,
      k,
      place.map((v) => [v]),
    ),
  );
  const k = parts.findIndex((box) => box !== null);
  const from = parts[k]?.map(([low]) => low) ?? place;
  return { ...made, x: valueAt(inputs[k], from), from };
}

function windowed(node, layer, input, [c, u, v]) {
  const size = spread(input.shape);
  const [rows, cols] = reach(node, size, [u, v]);
  const inside = table(
    rows.length,
    cols.length,
    (a, b) => rows[a] >= 0 && rows[a] < size[1] && cols[b] >= 0 && cols[b] < size[2],
  );
  const values = (channel) =>
    inside.map((row, a) => row.map((yes, b) => (yes ? valueAt(input, [channel, rows[a], cols[b]]) : 0)));
  if (node.op !== "convolution") return { windows: [{ channel: c, values: values(c), weights: null, inside, sum: 0 }] };
  const [own, each] = [size[0] / node.groups, node.out / node.groups];
  const area = rows.length * cols.length;
  const windows = make(own, (k) => {
    const channel = Math.floor(c / each) * own + k;
    const start = (c * own + k) * area; // of the kernel, in the layer's weights
    const weights = table(rows.length, cols.length, (a, b) => layer.weight.value[start + a * cols.length + b]);
    const seen = values(channel);
    const sum = seen.flat().reduce((total, x, at) => total + x * weights.flat()[at], 0);
    return { channel, values: seen, weights, inside, sum, start };
  });
  return { windows, bias: layer.bias?.value[c] ?? 0 };
}

function weighed(layer, { data, shape }, [c, u, v]) {
  const width = shape[shape.length - 1];
  const row = shape.length === 4 ? c * shape[2] + u : 0;
  const terms = make(width, (k) => [k, data[row * width + k], layer.weight.value[v * width + k]]);
  return { terms, bias: layer.bias?.value[v] ?? 0 };
}

function normalised(layer, input, place) {
  const channel = input.shape.length === 4 ? place[0] : place[2];
  const [mean, variance] = [layer.mean[channel], layer.variance[channel]];
  const [gamma, beta] = [layer.weight?.value[channel] ?? 1, layer.bias?.value[channel] ?? 0];
  return { x: valueAt(input, place), mean, deviation: Math.sqrt(variance + layer.node.eps), gamma, beta };
}

// Logits as probabilities.
export function softmax(logits) {
  const high = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = Array.from(logits, (v) => Math.exp(v - high));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => v / total);
}
