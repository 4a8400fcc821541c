import { axes, curve, drawing, plain, power, rule, spot } from "./chart.js";
import { beyond, button, choice, clamp, h, lab, may, panel, put, slider, stage, status, svg } from "./kit.js";

const DEPTH = 10;
const WIDTH = 64; // units a layer
const COUNT = 32; // pictures
const SPAN = 7; // decades up and down on the charts
const GAINS = [-1, 1]; // powers of ten
const ROUNDING = 1e-15; // a distance that is smaller, for numbers near 1, is made of rounding

// Each unit's function and its slope, as functions of z and of the function's value.
const UNITS = {
  none: [(z) => z, () => 1],
  tanh: [Math.tanh, (_, y) => 1 - y * y],
  ReLU: [(z) => Math.max(z, 0), (z) => (z > 0 ? 1 : 0)],
  sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (_, y) => y * (1 - y)],
};

// Uniform numbers by mulberry32, then normal ones by Box and Muller.
function normals(seed, count) {
  let a = seed >>> 0;
  const uniform = () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return Float64Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

const size = (v) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0) / v.length);

// How far apart the pictures are: the deviation of each unit over them, on average.
function spread(v) {
  let sum = 0;
  for (let j = 0; j < WIDTH; j++) {
    let [m, q] = [0, 0];
    for (let i = 0; i < COUNT; i++) m += v[i * WIDTH + j] / COUNT;
    for (let i = 0; i < COUNT; i++) q += (v[i * WIDTH + j] - m) ** 2 / COUNT;
    sum += q / WIDTH;
  }
  return Math.sqrt(sum);
}

// Rows of v (COUNT, WIDTH) times W, or times its transpose when going back.
function product(v, W, from, gain, back) {
  const out = new Float64Array(COUNT * WIDTH);
  const [row, col] = back ? [1, WIDTH] : [WIDTH, 1];
  for (let i = 0; i < COUNT; i++)
    for (let j = 0; j < WIDTH; j++) {
      let sum = 0;
      for (let k = 0; k < WIDTH; k++) sum += v[i * WIDTH + k] * W[from + j * row + k * col];
      out[i * WIDTH + j] = sum * gain;
    }
  return out;
}

function compute(get, noise) {
  const [unit, slope] = UNITS[get("unit")];
  const gain = get("gain") / Math.sqrt(WIDTH);
  const [batch, square] = [COUNT * WIDTH, WIDTH * WIDTH];
  let y = noise.slice(0, batch);
  /** @type {Record<"signal" | "spread" | "gradient", number[]>} */
  const r = { signal: [size(y)], spread: [spread(y)], gradient: [] };
  const slopes = [];
  for (let l = 0; l < DEPTH; l++) {
    const z = product(y, noise, 2 * batch + l * square, gain, false);
    y = z.map(unit);
    slopes.push(z.map((v, i) => slope(v, y[i])));
    r.signal.push(size(y));
    r.spread.push(spread(y));
  }
  let g = noise.slice(batch, 2 * batch);
  r.gradient.unshift(size(g));
  for (let l = DEPTH - 1; l >= 0; l--) {
    g = product(
      g.map((v, i) => v * slopes[l][i]),
      noise,
      2 * batch + l * square,
      gain,
      true,
    );
    r.gradient.unshift(size(g));
  }
  return r;
}

function lines(series, width) {
  const exponent = (v) => clamp(Math.log10(Math.max(v, 1e-300)), -SPAN, SPAN);
  const box = axes(width, 210, {
    x: [0, DEPTH],
    y: [-SPAN, SPAN],
    xlabel: "layer",
    left: 44,
    xticks: Array.from({ length: DEPTH / 2 + 1 }, (_, i) => [2 * i, String(2 * i)]),
    yticks: [
      [-6, "10⁻⁶"],
      [-3, "0.001"],
      [0, "1"],
      [3, "1000"],
      [6, "10⁶"],
    ],
  });
  const drawn = series.flatMap(([name, values, colour, dash]) => {
    const at = values.map((v, l) => [box.x(l), box.y(exponent(v))]);
    const dots = at.map(([x, y], l) =>
      spot(x, y, 3.5, `fill: var(--${dash ? "bg" : colour}); stroke: var(--${colour}); stroke-width: 2`, values[l]),
    );
    return [
      curve(at, `stroke: var(--${colour}); stroke-dasharray: ${dash}`),
      svg("g", { "data-grid": name }, svg("g", {}, ...dots)),
    ];
  });
  return [...box.marks, rule(box.left, box.y(0), box.right, box.y(0), "stroke: var(--edge)"), ...drawn];
}

function build(model) {
  const get = (key) => model.get(key);
  const noise = normals(get("seed"), 2 * COUNT * WIDTH + DEPTH * WIDTH * WIDTH);
  let r = compute(get, noise);
  const ahead = drawing({
    height: 210,
    most: 420,
    draw: (w) =>
      lines(
        [
          ["spread", r.spread, "mark", "5 4"],
          ["signal", r.signal, "accent", ""],
        ],
        w,
      ),
  });
  const back = drawing({ height: 210, most: 420, draw: (w) => lines([["gradient", r.gradient, "accent", ""]], w) });
  const parts = [
    panel("Forwards: the signal after each layer", ahead.el),
    panel("Backwards: the gradient at each layer", back.el),
  ];
  for (const one of parts) one.el.style = "flex: 1 1 260px; max-width: 420px";
  const unit = choice({
    label: "After each layer",
    value: "",
    options: Object.keys(UNITS).map((v) => [v, v]),
    onChange: (v) => put(model, { unit: v }),
  });
  const gain = slider({
    label: "Factor g of the weights",
    value: 0,
    min: GAINS[0],
    max: GAINS[1],
    step: 0.01,
    format: (v) => plain(10 ** v),
    onChange: (v) => put(model, { gain: power(v) }),
  });
  const set = (text, v) => button({ label: text, onClick: () => put(model, { gain: v }) }).el;
  const tools = h(
    "div",
    { class: "d2l-controls" },
    unit.el,
    gain.el,
    h("div", { class: "d2l-row" }, set("g = 1", 1), set("g = √2", 1.41), set("g = 4", 4)),
  );
  const words = status("d2l-sum");
  const value = (name, v, text = plain(v)) => h("b", { "data-number": name, "data-value": v }, text);
  const out = (values) => beyond(values, 10 ** -SPAN, 10 ** SPAN);

  function draw() {
    r = compute(get, noise);
    unit.set(get("unit"));
    gain.set(Math.log10(get("gain")));
    ahead.show();
    back.show();
    ahead.label(`Size of the signal: ${r.signal.map(plain).join(", ")}`);
    parts[0].note(`${out([...r.signal, ...r.spread])}Full: its size. Dashed: how far apart the pictures still are.`);
    parts[1].note(`${out(r.gradient)}It begins on the right, at layer 10, and travels left.`);
    back.label(`Size of the gradient: ${r.gradient.map(plain).join(", ")}`);
    const apart = r.spread[DEPTH] / r.spread[0];
    words.say(
      "From the input to layer 10 the signal's size is multiplied by ",
      value("forwards", r.signal[DEPTH] / r.signal[0]),
      " and the distance between pictures by ",
      value("apart", apart, apart && apart < ROUNDING ? "≈ 0" : plain(apart)),
      "; from layer 10 back to the input the gradient is multiplied by ",
      value("backwards", r.gradient[0] / r.gradient[DEPTH]),
      ".",
    );
  }
  const children = [tools, stage(...parts.map((one) => one.el)), words.el];
  const ready = () => () => [ahead, back].forEach((one) => one.stop());
  return { children, draw, ready };
}

const STATE = { unit: may.oneOf(Object.keys(UNITS)), gain: may.real(0.1, 10) };
export default lab("Ten layers at the start of training", STATE, build);
