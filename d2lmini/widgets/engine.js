// Small convolutional networks in plain JavaScript: forward, backward and descent.
//
// A network is { shape: [C, H, W], nodes: [{ op, from: [indices of nodes], … }] }, as
// d2lmini.widgets.network.export makes it; node −1 is the input.  Numbers are float32 in
// the order of torch, (N, C, H, W); nothing is drawn and nothing is asked of a page, so
// that all of it runs in a worker too.

import { multiply, multiplyRows } from "./products.js";

const floats = (n) => new Float32Array(n);
const product = (list) => list.reduce((a, b) => a * b, 1);

/** @typedef {{ data: Float32Array, shape: number[] }} Tensor */
/** @typedef {{ value: Float32Array, grad: Float32Array }} Parameter */

/** @param {number[]} shape @param {Float32Array} [data] @returns {Tensor} */
export const tensor = (shape, data = floats(product(shape))) => ({ data, shape });

// Uniform numbers in [0, 1) by mulberry32.
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// ---- matrices -----------------------------------------------------------------

// The matrix (rows, cols) at an offset, turned: (cols, rows).
export function turned(rows, cols, A, a = 0) {
  const T = floats(rows * cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) T[j * rows + i] = A[a + i * cols + j];
  return T;
}

// ---- layers: forward and backward side by side ----------------------------------
//
// forward(inputs, context) returns a tensor and keeps what backward needs; backward(grad,
// deeper) adds to the gradients of the layer's parameters and returns those of its
// inputs; unless `deeper`, nobody reads these and a layer may leave them out.

// Where a window lies on one axis of n numbers: for each of its places [start, from, to],
// on the picture at start + stride · o for the outputs o from `from` to before `to`.
function spans(n, out, k, stride, padding, dilation) {
  return Array.from({ length: k }, (_, u) => {
    const start = u * dilation - padding;
    const from = Math.min(out, Math.max(0, Math.ceil(-start / stride)));
    return [start, from, Math.max(from, Math.min(out, Math.floor((n - 1 - start) / stride) + 1))];
  });
}

function window(node, [, , H, W]) {
  const { kernel, stride, padding, dilation = [1, 1] } = node;
  const size = [H, W].map(
    (n, a) => Math.floor((n + 2 * padding[a] - dilation[a] * (kernel[a] - 1) - 1) / stride[a]) + 1,
  );
  if (Math.min(...size) < 1) throw new Error(`${node.name} reaches beyond its input of ${H} × ${W} pixels.`);
  const axes = [H, W].map((n, a) => spans(n, size[a], kernel[a], stride[a], padding[a], dilation[a]));
  return { size, axes, stride, plane: H * W, wide: W };
}

/** @type {Tensor} */
const NOTHING = { data: floats(0), shape: [] }; // before the first forward
const NO_WINDOW = { size: [0, 0], axes: [[[0]], [[0]]], stride: [1, 1], plane: 0, wide: 0 };

class Convolution {
  X = NOTHING;
  frame = NO_WINDOW;
  /** One picture's windows as columns, (channels of a group · kernel, outputs): zero where they leave it. */
  columns = floats(0);
  slopes = floats(0);
  constructor(node) {
    this.node = node;
    this.weight = parameter(node.weight);
    this.bias = node.bias ? parameter(node.bias) : null;
    this.parameters = [this.weight, ...(this.bias ? [this.bias] : [])];
  }
  // The same frame and columns as long as the pictures keep their size.
  fit(shape) {
    const [, C, H, W] = shape;
    if (this.X.shape.slice(1).join() === [C, H, W].join()) return;
    this.frame = window(this.node, shape);
    const all = (C / this.node.groups) * product(this.node.kernel) * product(this.frame.size);
    this.columns = floats(all);
    this.slopes = floats(all);
  }
  unfold(data, start, channels) {
    const { size, axes, stride, plane, wide } = this.frame;
    const { columns } = this;
    for (let c = 0, row = 0; c < channels; c++)
      for (const [y, top, bottom] of axes[0])
        for (const [x, left, right] of axes[1]) {
          for (let i = top; i < bottom; i++) {
            let from = start + c * plane + (y + i * stride[0]) * wide + x + left * stride[1];
            const line = row + i * size[1];
            for (let to = line + left; to < line + right; to++, from += stride[1]) columns[to] = data[from];
          }
          row += size[0] * size[1];
        }
  }
  // The slopes of the columns, back to where the numbers came from.
  fold(data, start, channels) {
    const { size, axes, stride, plane, wide } = this.frame;
    const { slopes } = this;
    for (let c = 0, row = 0; c < channels; c++)
      for (const [y, top, bottom] of axes[0])
        for (const [x, left, right] of axes[1]) {
          for (let i = top; i < bottom; i++) {
            let to = start + c * plane + (y + i * stride[0]) * wide + x + left * stride[1];
            const line = row + i * size[1];
            for (let from = line + left; from < line + right; from++, to += stride[1]) data[to] += slopes[from];
          }
          row += size[0] * size[1];
        }
  }
  forward([X]) {
    const { groups, out, kernel } = this.node;
    const [N, C, H, W] = X.shape;
    this.fit(X.shape);
    this.X = X;
    const [rows, cols] = this.frame.size;
    const [P, own, each] = [rows * cols, C / groups, out / groups];
    const K = own * product(kernel);
    const Y = tensor([N, out, rows, cols]);
    for (let n = 0; n < N; n++)
      for (let g = 0; g < groups; g++) {
        this.unfold(X.data, (n * C + g * own) * H * W, own);
        multiply(each, P, K, this.weight.value, g * each * K, this.columns, 0, Y.data, (n * out + g * each) * P);
      }
    if (this.bias) addEach(Y.data, this.bias.value, P);
    return Y;
  }
  backward(G, deeper = true) {
    const { groups, out, kernel } = this.node;
    const { X } = this;
    const [N, C, H, W] = X.shape;
    const P = product(this.frame.size);
    const [own, each] = [C / groups, out / groups];
    const K = own * product(kernel);
    const dX = deeper ? tensor(X.shape) : NOTHING;
    for (let g = 0; g < groups; g++) {
      const W_T = turned(each, K, this.weight.value, g * each * K);
      for (let n = 0; n < N; n++) {
        const [x, y] = [(n * C + g * own) * H * W, (n * out + g * each) * P];
        this.unfold(X.data, x, own);
        multiplyRows(each, K, P, G.data, y, this.columns, 0, this.weight.grad, g * each * K);
        if (!deeper) continue;
        this.slopes.fill(0);
        multiply(K, P, each, W_T, 0, G.data, y, this.slopes, 0);
        this.fold(dX.data, x, own);
      }
    }
    if (this.bias) sumEach(G.data, this.bias.grad, P);
    return [dX];
  }
}

// Adds list[c] to each plane of channel c; and sums the planes of each channel.
function addEach(data, list, plane) {
  for (let at = 0, c = 0; at < data.length; at += plane, c = (c + 1) % list.length)
    for (let i = 0; i < plane; i++) data[at + i] += list[c];
}
function sumEach(data, list, plane) {
  for (let at = 0, c = 0; at < data.length; at += plane, c = (c + 1) % list.length) {
    let sum = 0;
    for (let i = 0; i < plane; i++) sum += data[at + i];
    list[c] += sum;
  }
}

class Pooling {
  X = NOTHING;
  frame = NO_WINDOW;
  area = 1;
  /** @type {Int32Array | null} */
  from = null;
  constructor(node) {
    this.node = node;
    this.parameters = [];
  }
  forward([X]) {
    const [N, C, H, W] = X.shape;
    const node = this.node.global ? { ...this.node, kernel: [H, W], stride: [1, 1], padding: [0, 0] } : this.node;
    this.X = X;
    this.frame = window(node, X.shape);
    const [rows, cols] = this.frame.size;
    this.area = product(node.kernel); // zeros of the padding count, as in torch
    const Y = tensor([N, C, rows, cols]);
    if (node.op === "max_pool") this.highest(Y);
    else {
      this.from = null;
      const factor = 1 / this.area;
      this.each((x, y) => {
        Y.data[y] += X.data[x] * factor;
      });
    }
    return Y;
  }
  // Fills Y with the highest number under each window, the first of equal ones; as in
  // torch, one that is no number makes the highest none.
  highest(Y) {
    const X = this.X.data;
    const from = new Int32Array(Y.data.length).fill(-1);
    this.from = from;
    this.each((x, y) => {
      if (from[y] < 0 || X[x] > Y.data[y] || Number.isNaN(X[x])) {
        from[y] = x;
        Y.data[y] = X[x];
      }
    });
  }
  // Calls visit(input, output) for all places of all windows that lie on the picture.
  each(visit) {
    const { size, axes, stride, plane, wide } = this.frame;
    const planes = this.X.data.length / plane;
    for (let p = 0; p < planes; p++)
      for (const [u, top, bottom] of axes[0])
        for (const [v, left, right] of axes[1])
          for (let i = top; i < bottom; i++) {
            let x = p * plane + (u + i * stride[0]) * wide + v + left * stride[1];
            const line = (p * size[0] + i) * size[1];
            for (let y = line + left; y < line + right; y++, x += stride[1]) visit(x, y);
          }
  }
  backward(G) {
    const dX = tensor(this.X.shape);
    if (this.from) for (let y = 0; y < G.data.length; y++) dX.data[this.from[y]] += G.data[y];
    else {
      const factor = 1 / this.area;
      this.each((x, y) => {
        dX.data[x] += G.data[y] * factor;
      });
    }
    return [dX];
  }
}

class BatchNorm {
  training = false;
  count = 1;
  normal = floats(0);
  scale = floats(0);
  constructor(node) {
    this.node = node;
    this.weight = node.weight ? parameter(node.weight) : null;
    this.bias = node.bias ? parameter(node.bias) : null;
    this.mean = numbers(node.mean);
    this.variance = numbers(node.variance);
    this.parameters = [this.weight, this.bias].filter((one) => one !== null);
  }
  // Calls visit(channel, [start, end of each plane]).
  channels({ shape }, visit) {
    const C = shape[1];
    const plane = product(shape.slice(2));
    for (let c = 0; c < C; c++)
      visit(
        c,
        Array.from({ length: shape[0] }, (_, n) => [(n * C + c) * plane, (n * C + c + 1) * plane]),
      );
  }
  forward([X], { training }) {
    const { eps, momentum } = this.node;
    const count = X.data.length / X.shape[1];
    if (training && count < 2)
      throw new Error(`${this.node.name} cannot train on one number per channel: take a batch of 2 or more.`);
    Object.assign(this, { training, count, normal: floats(X.data.length), scale: floats(X.shape[1]) });
    const Y = tensor(X.shape);
    this.channels(X, (c, planes) => {
      let [mean, variance] = [this.mean[c], this.variance[c]];
      if (training) {
        [mean, variance] = moments(X.data, planes, count);
        this.mean[c] += momentum * (mean - this.mean[c]);
        this.variance[c] += momentum * ((variance * count) / (count - 1) - this.variance[c]);
      }
      const scale = 1 / Math.sqrt(variance + eps);
      this.scale[c] = scale;
      const [gamma, beta] = [this.weight?.value[c] ?? 1, this.bias?.value[c] ?? 0];
      const [x, y, normal] = [X.data, Y.data, this.normal];
      for (const [from, to] of planes)
        for (let i = from; i < to; i++) {
          normal[i] = (x[i] - mean) * scale;
          y[i] = gamma * normal[i] + beta;
        }
    });
    return Y;
  }
  backward(G) {
    const dX = tensor(G.shape);
    this.channels(G, (c, planes) => {
      let [sum, dot] = [0, 0];
      const [g, x, normal] = [G.data, dX.data, this.normal];
      for (const [from, to] of planes)
        for (let i = from; i < to; i++) {
          sum += g[i];
          dot += g[i] * normal[i];
        }
      if (this.weight) this.weight.grad[c] += dot;
      if (this.bias) this.bias.grad[c] += sum;
      const factor = (this.weight?.value[c] ?? 1) * this.scale[c];
      const [m, d] = this.training ? [sum / this.count, dot / this.count] : [0, 0];
      for (const [from, to] of planes) for (let i = from; i < to; i++) x[i] = factor * (g[i] - m - normal[i] * d);
    });
    return [dX];
  }
}

function moments(data, planes, count) {
  let mean = 0;
  for (const [from, to] of planes) for (let i = from; i < to; i++) mean += data[i];
  mean /= count;
  let square = 0;
  for (const [from, to] of planes) for (let i = from; i < to; i++) square += (data[i] - mean) ** 2;
  return [mean, square / count];
}

class Dense {
  X = NOTHING;
  constructor(node) {
    this.node = node;
    this.weight = parameter(node.weight);
    this.bias = node.bias ? parameter(node.bias) : null;
    this.parameters = [this.weight, ...(this.bias ? [this.bias] : [])];
  }
  forward([X]) {
    this.X = X;
    const { out } = this.node;
    const width = X.shape[X.shape.length - 1];
    const rows = X.data.length / width;
    const Y = tensor([...X.shape.slice(0, -1), out]);
    multiplyRows(rows, out, width, X.data, 0, this.weight.value, 0, Y.data, 0);
    if (this.bias) addEach(Y.data, this.bias.value, 1);
    return Y;
  }
  backward(G) {
    const { out } = this.node;
    const width = this.X.shape[this.X.shape.length - 1];
    const rows = G.data.length / out;
    const dX = tensor(this.X.shape);
    multiply(rows, width, out, G.data, 0, this.weight.value, 0, dX.data, 0);
    multiply(out, width, rows, turned(rows, out, G.data), 0, this.X.data, 0, this.weight.grad, 0);
    if (this.bias) sumEach(G.data, this.bias.grad, 1);
    return [dX];
  }
}

// A function of each number, and its slope from x and f(x).
const UNITS = {
  sigmoid: [(x) => 1 / (1 + Math.exp(-x)), (_, y) => y * (1 - y)],
  tanh: [Math.tanh, (_, y) => 1 - y * y],
};

class Unit {
  X = NOTHING;
  Y = NOTHING;
  parameters = [];
  constructor(node) {
    const [f, slope] = UNITS[node.op];
    this.f = f;
    this.slope = slope;
  }
  forward([X]) {
    const { f } = this;
    this.X = X;
    this.Y = tensor(X.shape);
    for (let i = 0; i < X.data.length; i++) this.Y.data[i] = f(X.data[i]);
    return this.Y;
  }
  backward(G) {
    const { slope } = this;
    const dX = tensor(G.shape);
    for (let i = 0; i < G.data.length; i++) dX.data[i] = G.data[i] * slope(this.X.data[i], this.Y.data[i]);
    return [dX];
  }
}

class ReLU {
  X = NOTHING;
  parameters = [];
  forward([X]) {
    this.X = X;
    const Y = tensor(X.shape);
    for (let i = 0; i < X.data.length; i++) Y.data[i] = Math.max(X.data[i], 0);
    return Y;
  }
  backward(G) {
    const X = this.X.data;
    const dX = tensor(G.shape);
    for (let i = 0; i < X.length; i++) dX.data[i] = X[i] > 0 ? G.data[i] : 0;
    return [dX];
  }
}

class Dropout {
  factors = floats(0);
  constructor(node) {
    this.p = node.p;
    this.parameters = [];
  }
  forward([X], { training, draw }) {
    const keep = 1 - this.p;
    this.factors = X.data.map(() => (training ? (draw() < keep ? 1 / keep : 0) : 1));
    return tensor(
      X.shape,
      X.data.map((x, i) => x * this.factors[i]),
    );
  }
  backward(G) {
    return [
      tensor(
        G.shape,
        G.data.map((g, i) => g * this.factors[i]),
      ),
    ];
  }
}

class Flatten {
  /** @type {number[]} */
  shape = [];
  parameters = [];
  forward([X]) {
    this.shape = X.shape;
    return tensor([X.shape[0], X.data.length / X.shape[0]], X.data.slice()); // somebody may alter it
  }
  backward(G) {
    return [tensor(this.shape, G.data)];
  }
}

class Addition {
  parameters = [];
  forward(inputs) {
    const [X, Y] = inputs;
    if (String(X.shape) !== String(Y.shape)) throw new Error(`(${X.shape}) and (${Y.shape}) cannot be added.`);
    return tensor(
      X.shape,
      X.data.map((x, i) => x + Y.data[i]),
    );
  }
  backward(G) {
    return [G, G];
  }
}

// Channels one after the other.
class Concatenation {
  /** @type {number[]} */
  sizes = [];
  /** @type {number[][]} */
  shapes = [];
  parameters = [];
  forward(inputs) {
    const [N, , ...rest] = inputs[0].shape;
    const plane = product(rest);
    this.sizes = inputs.map((X) => X.shape[1] * plane);
    this.shapes = inputs.map((X) => X.shape);
    const Y = tensor([N, inputs.reduce((sum, X) => sum + X.shape[1], 0), ...rest]);
    this.parts(N, (i, from, to, size) => Y.data.set(inputs[i].data.subarray(from, from + size), to));
    return Y;
  }
  // Calls copy(input, place in it, place in the output, numbers).
  parts(N, copy) {
    for (let n = 0, to = 0; n < N; n++)
      for (const [i, size] of this.sizes.entries()) {
        copy(i, n * size, to, size);
        to += size;
      }
  }
  backward(G) {
    const grads = this.shapes.map((shape) => tensor(shape));
    this.parts(G.shape[0], (i, from, to, size) => grads[i].data.set(G.data.subarray(to, to + size), from));
    return grads;
  }
}

const LAYERS = {
  convolution: Convolution,
  max_pool: Pooling,
  average_pool: Pooling,
  batch_norm: BatchNorm,
  dense: Dense,
  relu: ReLU,
  sigmoid: Unit,
  tanh: Unit,
  dropout: Dropout,
  flatten: Flatten,
  add: Addition,
  concatenate: Concatenation,
};

// ---- numbers from text ------------------------------------------------------------

// { base64, bits: 32, 16 or 8 } as numbers; of 8 bits, each row has a scale of its own;
// numbers that are there are copied.
export function numbers(packed) {
  if (packed instanceof Float32Array) return packed.slice();
  const { base64, bits, scale } = packed;
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  if (bits === 32) return new Float32Array(bytes.buffer);
  if (bits === 8) {
    const [each, rows] = [numbers(scale), new Int8Array(bytes.buffer)];
    return Float32Array.from(rows, (v, i) => v * each[Math.floor((i * each.length) / rows.length)]);
  }
  return Float32Array.from(new Uint16Array(bytes.buffer), half);
}

function half(bits) {
  const [sign, power, rest] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (power === 31) return rest ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (power ? 2 ** (power - 15) * (1 + rest / 1024) : 2 ** -14 * (rest / 1024));
}

/** @returns {Parameter} */
function parameter(packed) {
  const value = numbers(packed);
  return { value, grad: floats(value.length) };
}

// ---- the network --------------------------------------------------------------------

export class Network {
  /** @type {Tensor[]} */
  values = [];
  constructor({ shape, nodes }) {
    this.shape = shape;
    this.nodes = nodes;
    this.layers = nodes.map((node) => {
      const Layer = LAYERS[node.op];
      if (!Layer) throw new Error(`The engine knows no ${node.op} (${node.name}).`);
      return new Layer(node);
    });
    this.parameters = this.layers.flatMap((layer) => layer.parameters);
  }
  // X (N, C, H, W) → the last node's output; `values` holds that of every node.
  forward(X, how = {}) {
    const steps = this.steps(X, how);
    let step = steps.next();
    while (!step.done) step = steps.next();
    this.values = step.value;
    return this.values[this.values.length - 1];
  }
  // The same node by node, for whoever wants to pause; returns the outputs of all.
  // `alter(i, Y)` may change the output of node i before others read it.
  /** @param {Tensor} X
   *  @param {{ training?: boolean, draw?: () => number, alter?: ((i: number, Y: Tensor) => void) | null }} how
   *  @returns {Generator<number, Tensor[], void>} */
  *steps(X, { training = false, draw = Math.random, alter = null } = {}) {
    /** @type {Tensor[]} */
    const values = [];
    for (const [i, layer] of this.layers.entries()) {
      const inputs = this.nodes[i].from.map((j) => (j < 0 ? X : values[j]));
      values.push(layer.forward(inputs, { training, draw }));
      alter?.(i, values[i]);
      yield i;
    }
    return values;
  }
  // From the gradient of the output to that of the input; parameters' gradients are set.
  // Unless it goes `deeper` than the layers, the input's is left out where that saves work.
  backward(G, deeper = true) {
    for (const one of this.parameters) one.grad.fill(0);
    /** @type {(Tensor | null)[]} */
    const grads = this.layers.map(() => null);
    grads[grads.length - 1] = G;
    let input = null;
    for (let i = this.layers.length - 1; i >= 0; i--) {
      const own = grads[i];
      if (!own) continue; // nothing reads it
      const parts = this.layers[i].backward(own, deeper || this.nodes[i].from.some((j) => j >= 0));
      for (const [k, j] of this.nodes[i].from.entries()) {
        if (j < 0) input = deeper ? sum(input, parts[k]) : null;
        else grads[j] = sum(grads[j], parts[k]);
      }
    }
    return input;
  }
}

function sum(a, b) {
  return a
    ? tensor(
        b.shape,
        a.data.map((v, i) => v + b.data[i]),
      )
    : b;
}

// Mean cross-entropy of logits (N, classes) against labels, and its gradient.
export function crossEntropy({ data, shape: [N, classes] }, labels) {
  const grad = tensor([N, classes]);
  let loss = 0;
  for (let n = 0; n < N; n++) {
    const row = data.subarray(n * classes, (n + 1) * classes);
    const high = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const powers = Array.from(row, (v) => Math.exp(v - high));
    const total = powers.reduce((a, b) => a + b, 0);
    loss += (Math.log(total) + high - row[labels[n]]) / N;
    for (let c = 0; c < classes; c++) grad.data[n * classes + c] = (powers[c] / total - (c === labels[n] ? 1 : 0)) / N;
  }
  return { loss, grad };
}

// ---- descent --------------------------------------------------------------------------

// As torch.optim.SGD and Adam; step(lr) moves the parameters by their gradients.
export const OPTIMISERS = {
  sgd(parameters, { momentum = 0 } = {}) {
    const speeds = parameters.map(({ value }) => floats(value.length));
    return (lr) => {
      for (const [p, { value, grad }] of parameters.entries())
        for (let i = 0; i < value.length; i++) {
          speeds[p][i] = momentum * speeds[p][i] + grad[i];
          value[i] -= lr * speeds[p][i];
        }
    };
  },
  adam(parameters, { betas = [0.9, 0.999], eps = 1e-8 } = {}) {
    const [first, second] = [0, 1].map(() => parameters.map(({ value }) => floats(value.length)));
    let t = 0;
    return (lr) => {
      t += 1;
      const [m, v] = betas.map((beta) => 1 - beta ** t);
      for (const [p, { value, grad }] of parameters.entries())
        for (let i = 0; i < value.length; i++) {
          first[p][i] += (1 - betas[0]) * (grad[i] - first[p][i]);
          second[p][i] += (1 - betas[1]) * (grad[i] ** 2 - second[p][i]);
          value[i] -= ((lr / m) * first[p][i]) / (Math.sqrt(second[p][i] / v) + eps);
        }
    };
  },
};

// The book's one-cycle schedule: the factor of the learning rate at `progress` in [0, 1].
export function oneCycle(progress, warmUp = 0.3) {
  if (progress < warmUp) return 0.04 + (0.96 * (1 - Math.cos((Math.PI * progress) / warmUp))) / 2;
  return (1 + Math.cos((Math.PI * (progress - warmUp)) / (1 - warmUp))) / 2;
}

// One step on a batch; returns the loss before it.
export function train(network, step, X, labels, lr, draw = Math.random) {
  const { loss, grad } = crossEntropy(network.forward(X, { training: true, draw }), labels);
  if (!Number.isFinite(loss)) throw new Error("The loss is no longer a number: take a smaller learning rate.");
  network.backward(grad, false);
  step(lr);
  return loss;
}
