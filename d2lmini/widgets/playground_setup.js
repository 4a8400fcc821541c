// What can be chosen in the playground, and the network that follows from it.

export const SIDE = 28;
export const CLASSES = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
];
export const ACTIVATIONS = ["ReLU", "sigmoid", "tanh"];
export const WEIGHTS = ["zero", "small", "Glorot", "He", "He × 4"];
export const OPTIMIZERS = ["SGD", "momentum", "Adam"];
export const SCHEDULES = ["constant", "cosine", "one cycle"];
export const POOLS = ["none", "max", "average"];
export const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
export const PICTURES = [500, 1000, 2000, 3000, 4000, 5000, 6000];
export const SIZES = [1, 3, 5, 7];
export const LARGEST = { layers: 3, kernels: 32, dense: 3, units: 256, epochs: 50, rate: 10 };
// The traits from which a run follows; another value is another run.
export const SETUP = [
  "layers",
  "dense",
  "activation",
  "norm",
  "dropout",
  "weights",
  "optimizer",
  "lr",
  "schedule",
  "batch",
  "mirror",
  "data",
  "pictures",
  "epochs",
  "seed",
];

const whole = (v, min, max) => Number.isInteger(v) && v >= min && v <= max;
// A convolution: [kernels, size, stride, padding, pooling].
export const isLayer = (v) =>
  Array.isArray(v) &&
  v.length === 5 &&
  whole(v[0], 1, LARGEST.kernels) &&
  SIZES.includes(v[1]) &&
  whole(v[2], 1, 2) &&
  whole(v[3], 0, (v[1] - 1) / 2) &&
  POOLS.includes(v[4]);

// The layers that a set-up means, in order, without weights: { op, …, shape } with the
// shape [C, H, W] or [units] after each.  Throws a sentence where a picture has become
// too small.
export function plan(setup) {
  const unit = setup.activation.toLowerCase();
  const list = [];
  let shape = [1, SIDE, SIDE];
  const add = (op, more, next = shape) => {
    shape = next;
    list.push({ op, ...more, shape });
  };
  setup.layers.forEach(([out, size, stride, padding, pool], i) => {
    const side = Math.floor((shape[1] + 2 * padding - size) / stride) + 1;
    const name = `convolution ${i + 1}`;
    if (side < 1)
      throw new Error(`Its kernel is larger than the ${shape[1]} × ${shape[2]} picture of ${name}: pad, or pool less.`);
    add("convolution", { name, inputs: shape[0], out, size, stride, padding }, [out, side, side]);
    if (setup.norm) add("batch_norm", { name: `batch normalisation ${i + 1}` });
    add(unit, {});
    if (pool === "none") return;
    if (side < 2) throw new Error(`One pixel is left after ${name}: leave its pooling out.`);
    add(`${pool}_pool`, {}, [out, Math.floor(side / 2), Math.floor(side / 2)]);
  });
  add("flatten", {}, [shape.reduce((a, b) => a * b)]);
  [...setup.dense, CLASSES.length].forEach((out, i) => {
    const hidden = i < setup.dense.length;
    const name = hidden ? `dense ${i + 1}` : "output";
    add("dense", { name, inputs: shape[0], out }, [out]);
    if (!hidden) return;
    if (setup.norm) add("batch_norm", { name: `batch normalisation of ${name}` });
    add(unit, {});
    if (setup.dropout) add("dropout", { p: setup.dropout });
  });
  return list;
}

// Numbers that the initial weights of a layer need from the generator, and how they are
// made of them: `fans` are its inputs and outputs for one number.
function drawn(kind, count, fans, draw) {
  const [into, out] = fans;
  const values = new Float32Array(count);
  if (kind === "zero") return values;
  const first = Float64Array.from(values, draw);
  if (kind === "Glorot") {
    const edge = Math.sqrt(6 / (into + out));
    return values.map((_, i) => (2 * first[i] - 1) * edge);
  }
  const second = Float64Array.from(values, draw);
  const spread = { small: 0.01, He: Math.sqrt(2 / into), "He × 4": 4 * Math.sqrt(2 / into) }[kind];
  return values.map((_, i) => spread * Math.sqrt(-2 * Math.log(1 - first[i])) * Math.cos(2 * Math.PI * second[i]));
}

// The engine's network of a plan, its weights drawn by `draw`, from 0 up to 1.
export function assembled(layers, kind, draw) {
  const filled = (count, value) => new Float32Array(count).fill(value);
  const nodes = layers.map(({ op, shape, ...layer }, i) => {
    const node = { name: layer.name ?? op, from: [i - 1], op };
    if (op.endsWith("_pool")) return { ...node, kernel: [2, 2], stride: [2, 2], padding: [0, 0] };
    if (op === "batch_norm") {
      const [c] = shape;
      const numbers = { weight: filled(c, 1), bias: filled(c, 0), mean: filled(c, 0), variance: filled(c, 1) };
      return { ...node, eps: 1e-5, momentum: 0.1, ...numbers };
    }
    if (op !== "convolution" && op !== "dense") return { ...node, ...layer };
    const area = op === "convolution" ? layer.size ** 2 : 1;
    const fans = [layer.inputs * area, layer.out * area];
    const weight = drawn(kind, layer.inputs * layer.out * area, fans, draw);
    const both = { out: layer.out, weight, bias: filled(layer.out, 0) };
    if (op === "dense") return { ...node, ...both };
    const two = (n) => [n, n];
    const window = { kernel: two(layer.size), stride: two(layer.stride), padding: two(layer.padding) };
    return { ...node, ...both, ...window, dilation: [1, 1], groups: 1 };
  });
  return { shape: [1, SIDE, SIDE], nodes };
}

export const parameters = (layers) =>
  layers.reduce((sum, { op, inputs, out, size, shape }) => {
    if (op === "convolution") return sum + out * (inputs * size ** 2 + 1);
    if (op === "batch_norm") return sum + 2 * shape[0];
    return sum + (op === "dense" ? out * (inputs + 1) : 0);
  }, 0);

// The shapes in one line: 1×28×28 → 6×14×14 → … → 10.
export function walk(layers) {
  const seen = [[1, SIDE, SIDE].join("×")];
  for (const { op, shape } of layers)
    if (op !== "flatten" && shape.join("×") !== seen.at(-1)) seen.push(shape.join("×"));
  return seen.join(" → ");
}

// A convolution in short; what it has as it nearly always has it, stride 1 and a padding
// that keeps the size, goes without saying.
function short([kernels, size, stride, padding, pool]) {
  const strided = stride === 1 ? "" : ` stride ${stride}`;
  const rim = padding === (size - 1) / 2 ? "" : ` padding ${padding}`;
  return `${kernels}@${size}×${size}${strided}${rim} ${pool}`;
}

// In which words two set-ups differ, for the name of a kept run.
export function difference(setup, other) {
  const said = (key) => {
    const v = setup[key];
    if (key === "layers") return v.map(short).join(", ") || "no convolution";
    if (key === "dense") return `dense ${v.join(", ") || "10 alone"}`;
    if (typeof v === "boolean") return `${v ? "" : "no "}${key === "norm" ? "batch normalisation" : key}`;
    return typeof v === "number" ? `${key} ${v}` : v;
  };
  const changed = SETUP.filter((key) => JSON.stringify(setup[key]) !== JSON.stringify(other[key]));
  return changed.map(said).join("; ");
}
