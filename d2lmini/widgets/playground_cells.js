// A set-up of the playground as Python cells that give the same numbers; and its weights
// as a file of NumPy's arrays.  A line of Python begins with | here, since the package
// takes the indents of scripts away.

const python = (v) => ({ true: "True", false: "False" })[String(v)] ?? String(v);
const MAKE = { ReLU: "nn.ReLU()", sigmoid: "nn.Sigmoid()", tanh: "nn.Tanh()" };
const POOLS = { max_pool: "nn.MaxPool2d(2)", average_pool: "nn.AvgPool2d(2)" };

function lines(layers, activation) {
  return layers.map(({ op, inputs, out, size, stride, padding, p, shape }) => {
    if (op === "convolution") {
      const more = [stride > 1 && `stride=${stride}`, padding && `padding=${padding}`].filter(Boolean);
      return `nn.Conv2d(${[inputs, out, `kernel_size=${size}`, ...more].join(", ")})`;
    }
    if (op === "batch_norm") return `nn.BatchNorm${shape.length > 1 ? 2 : 1}d(${shape[0]})`;
    if (op === "dense") return `nn.Linear(${inputs}, ${out})`;
    if (op === "dropout") return `Dropout(${p})`;
    return op === "flatten" ? "nn.Flatten()" : (POOLS[op] ?? MAKE[activation]);
  });
}

const RANDOM = `class Random:
|    """The playground's uniform numbers in [0, 1): mulberry32."""
|
|    def __init__(self, seed):
|        self.state = seed
|
|    def __call__(self, n):
|        places = self.state + np.arange(1, n + 1, dtype=np.uint64) * 0x6D2B79F5
|        self.state = (self.state + n * 0x6D2B79F5) % 2**32
|        s = (places % 2**32).astype(np.uint32)
|        t = (s ^ (s >> 15)) * (s | 1)
|        t ^= t + (t ^ (t >> 7)) * (t | 61)
|        return (t ^ (t >> 14)) / 2**32`;

const DROPOUT = `class Dropout(nn.Dropout):
|    """nn.Dropout that draws from the playground's numbers."""
|
|    def forward(self, X):
|        if not self.training:
|            return X
|        kept = (random(X.numel()) < 1 - self.p) / (1 - self.p)
|        return X * torch.from_numpy(kept.astype("f4")).view_as(X)`;

const DRAWN = {
  zero: "0 * values",
  small: "0.01 * normal(values.numel())",
  Glorot: "(2 * random(values.numel()) - 1) * (6 / (into + out)) ** 0.5",
  He: "(2 / into) ** 0.5 * normal(values.numel())",
  "He × 4": "4 * (2 / into) ** 0.5 * normal(values.numel())",
};
const NORMAL = `def normal(n):
|    u, v = random(n), random(n)
|    return np.sqrt(-2 * np.log(1 - u)) * np.cos(2 * np.pi * v)`;

function weights(setup) {
  const { weights: kind } = setup;
  const value = DRAWN[kind];
  return `random = Random(${setup.seed})
|${["zero", "Glorot"].includes(kind) ? "" : `\n\n${NORMAL}\n\n\n`}for layer in net:
|    if isinstance(layer, (nn.Conv2d, nn.Linear)):
|        values = layer.weight.data
|        into, out = values[0].numel(), len(values) * values[0, 0].numel()
|        drawn = ${kind === "zero" ? "np.zeros(values.numel())" : value}
|        values.copy_(torch.from_numpy(drawn).view_as(values))
|        layer.bias.data.zero_()`;
}

const FASHION = (pictures) => `data = FashionMNIST("data", download=True)
|X = (data.data[:, None] * (31 / 255)).round() / 31  # in 32 greys, as on the page
|y = data.targets
|X_val, y_val = X[6000:7000], y[6000:7000]
|X, y = X[:${pictures}], y[:${pictures}]`;
const OWN = (pictures) => `data = np.load("playground-pictures.npz")  # the figure's own: put it beside this notebook
|X, y = (torch.from_numpy(data[name]) for name in ("images", "labels"))
|X, y = X[:, None] / 255, y.long()
|X_val, y_val = X[6000:], y[6000:]
|X, y = X[:${pictures}], y[:${pictures}]`;

const FACTORS = {
  constant: "1",
  cosine: "(1 + np.cos(np.pi * t)) / 2",
  "one cycle": "0.04 + 0.48 * (1 - np.cos(np.pi * t / 0.3)) if t < 0.3 else (1 + np.cos(np.pi * (t - 0.3) / 0.7)) / 2",
};
const MAKES = {
  SGD: "torch.optim.SGD(net.parameters(), lr=1)",
  momentum: "torch.optim.SGD(net.parameters(), lr=1, momentum=0.9)",
  Adam: "torch.optim.Adam(net.parameters(), lr=1)",
};
const MIRROR = `        turned = torch.from_numpy(random(len(A)) < 0.5)
|        A = torch.where(turned[:, None, None, None], A.flip(3), A)
|`;

// The cells, in order, as text.
export function cells(setup, layers) {
  const { batch, epochs, lr } = setup;
  const fashion = setup.data === "fashion";
  const imports = [
    "import numpy as np",
    "import torch",
    "from torch import nn",
    "from torch.nn.functional import cross_entropy",
    fashion ? "from torchvision.datasets import FashionMNIST" : "",
  ];
  const stack = lines(layers, setup.activation).map((line) => `    ${line},`);
  const net = ["net = nn.Sequential(", ...stack, ")"].join("\n");
  const texts = [
    `${imports.filter(Boolean).join("\n")}\n\n${(fashion ? FASHION : OWN)(setup.pictures)}`,
    `${RANDOM}${setup.dropout && setup.dense.length ? `\n\n\n${DROPOUT}` : ""}\n\n\n${net}\n\n${weights(setup)}`,
    `def factor(t):
|    """What multiplies the learning rate at the share t of the run."""
|    return ${FACTORS[setup.schedule]}
|
|
|def measured(X, y):
|    """Mean loss and accuracy."""
|    net.eval()
|    with torch.no_grad():
|        logits = torch.cat([net(part) for part in X.split(100)])
|    net.train()
|    right = (logits.argmax(1) == y).float()
|    return float(cross_entropy(logits, y)), float(right.mean())
|
|
|random = Random(${setup.seed} + 1)
|optimizer = ${MAKES[setup.optimizer]}
|steps = -(-len(X) // ${batch})
|for epoch in range(${epochs}):
|    order, total = np.argsort(random(len(X)), kind="stable"), 0
|    for i in range(steps):
|        places = order[${batch} * i : ${batch} * (i + 1)]
|        A, b = X[places], y[places]
|${setup.mirror ? MIRROR : ""}        for group in optimizer.param_groups:
|            group["lr"] = ${python(lr)} * factor((epoch + i / steps) / ${epochs})
|        loss = cross_entropy(net(A), b)
|        optimizer.zero_grad()
|        loss.backward()
|        optimizer.step()
|        total += len(b) * float(loss.detach())
|    loss, accuracy = measured(X_val, y_val)
|    print(f"epoch {epoch + 1}: training loss {total / len(X):.4f}, "
|          f"validation loss {loss:.4f}, accuracy {accuracy:.3f}")`,
    `# The weights that were trained on the page, in place of training here
|from d2lmini.nets.trained import read
|
|read(net, "playground-weights.npz")
|print(measured(X_val, y_val))`,
  ];
  return texts.map((text) => text.replace(/^\|/gm, ""));
}

// ---- files -----------------------------------------------------------------------

// One array as NumPy writes it (.npy, version 1).
function npy(data, shape) {
  const kind = data instanceof Float32Array ? "<f4" : data instanceof BigInt64Array ? "<i8" : "|u1";
  const size = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${size}), }`;
  const full = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const head = new Uint8Array(10 + full.length);
  head.set([0x93, ...[..."NUMPY"].map((c) => c.charCodeAt(0)), 1, 0, full.length & 255, full.length >> 8]);
  head.set(
    [...full].map((c) => c.charCodeAt(0)),
    10,
  );
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const all = new Uint8Array(head.length + bytes.length);
  all.set(head);
  all.set(bytes, head.length);
  return all;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});
export function crc32(bytes) {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = TABLE[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

// The file of several arrays [[name, data, shape], …] as np.savez writes it: a zip, stored.
export function npz(arrays) {
  const parts = [];
  const entries = [];
  let at = 0;
  const record = (signature, fields) => {
    const bytes = new Uint8Array(4 + fields.reduce((sum, [, width]) => sum + width, 0));
    const view = new DataView(bytes.buffer);
    view.setUint32(0, signature, true);
    let to = 4;
    for (const [value, width] of fields) {
      if (width === 4) view.setUint32(to, value, true);
      else view.setUint16(to, value, true);
      to += width;
    }
    return bytes;
  };
  const put = (bytes) => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const [name, data, shape] of arrays) {
    const body = npy(data, shape);
    const title = new TextEncoder().encode(`${name}.npy`);
    const common = [
      [20, 2],
      [0, 2],
      [0, 2],
      [0, 2],
      [33, 2],
      [crc32(body), 4],
      [body.length, 4],
      [body.length, 4],
    ];
    const start = at;
    put(record(0x04034b50, [...common, [title.length, 2], [0, 2]]));
    put(title);
    put(body);
    const rest = [
      [title.length, 2],
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 4],
      [start, 4],
    ];
    entries.push(record(0x02014b50, [[20, 2], ...common, ...rest]), title);
  }
  const start = at;
  entries.forEach(put);
  put(
    record(0x06054b50, [
      [0, 2],
      [0, 2],
      [arrays.length, 2],
      [arrays.length, 2],
      [at - start, 4],
      [start, 4],
      [0, 2],
    ]),
  );
  return new Blob(parts, { type: "application/zip" });
}

// The shape of each weight of a network, by its name in the state of nn.Sequential.
export function shaped(layers, state, steps) {
  const arrays = state.map(([name, data]) => {
    const [at, key] = name.split(".");
    const { op, inputs, out, size } = layers[at];
    const shape = key !== "weight" || op === "batch_norm" ? [data.length] : [out, inputs];
    return [name, data, op === "convolution" && key === "weight" ? [...shape, size, size] : shape];
  });
  const counts = layers.flatMap(({ op }, i) =>
    op === "batch_norm" ? [[`${i}.num_batches_tracked`, BigInt64Array.of(BigInt(steps)), []]] : [],
  );
  return [...arrays, ...counts];
}
