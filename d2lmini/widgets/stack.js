import { drawing, handle } from "./chart.js";
import { clamp, fmt, h, lab, make, may, plural, put, slide, status, svg, toolbar } from "./kit.js";

const [LEAST, MOST] = [3, 13]; // odd kernels
const RISE = 190; // from the picture to the topmost number

// What one kernel of n × n and a stack of 3 × 3 with the same field cost.
function compute(get) {
  const n = get("kernel");
  const layers = (n - 1) / 2;
  const pairs = get("channels") ** 2;
  const weights = [n * n * pairs, 9 * layers * pairs];
  return { n, layers, weights, work: weights.map((w) => w * get("side") ** 2), share: (9 * layers) / (n * n) };
}

const text = (x, y, words) =>
  svg("text", { x, y, "text-anchor": "middle", style: "fill: var(--ink); font-size: 13px" }, words);
const block = (x, y, size, kind) =>
  svg("rect", {
    ...{ x: x - size / 2 + 1, y: y - size / 2 + 1, width: size - 2, height: size - 2, rx: 2 },
    style: `fill: var(--${kind}); stroke: var(--edge)`,
  });
const cone = (x, [y0, n0], [y1, n1], size) =>
  svg("polygon", {
    points: [-n0, n0]
      .map((n) => `${x + (n * size) / 2},${y0}`)
      .join(" ")
      .concat(" ", [n1, -n1].map((n) => `${x + (n * size) / 2},${y1}`).join(" ")),
    style: "fill: var(--accent); fill-opacity: .16",
  });

// One side of the drawing: rows of n0, n1, … numbers from the picture upwards.
function tower(x, bottom, size, counts, lift) {
  const y = (i) => bottom - i * lift;
  const cones = counts.slice(1).map((n, i) => cone(x, [y(i) - size / 2, counts[i]], [y(i + 1) + size / 2, n], size));
  const cells = counts.flatMap((n, i) =>
    make(n, (j) => block(x + (j - (n - 1) / 2) * size, y(i), size, i === 0 ? "soft" : "mark-bg")),
  );
  return [...cones, ...cells];
}

function build(model) {
  const get = (key) => model.get(key);
  const tools = toolbar(
    slide(model, "kernel", "Large kernel, n × n: n", LEAST, MOST, 2),
    slide(model, "channels", "Channels in and out", 16, 512, 16),
    slide(model, "side", "Rows and columns of the maps", 7, 224, 7),
  );
  const size = (width) => Math.min(18, (width / 2 - 16) / MOST);
  const HEIGHT = RISE + 46;
  const picture = drawing({
    height: HEIGHT,
    most: 640,
    draw(width) {
      const { n, layers } = compute(get);
      const [s, bottom] = [size(width), HEIGHT - 14];
      const top = bottom - RISE - s / 2 - 8;
      return [
        ...tower(width / 4, bottom, s, [n, 1], RISE),
        ...tower(
          (3 * width) / 4,
          bottom,
          s,
          make(layers + 1, (i) => n - 2 * i),
          RISE / layers,
        ),
        text(width / 4, top, `one ${n} × ${n}`),
        text((3 * width) / 4, top, `${layers} of 3 × 3`),
        handle(width / 4 + (n * s) / 2, bottom),
      ];
    },
    touch(px, _, width) {
      const reach = (2 * (px - width / 4)) / size(width);
      put(model, { kernel: clamp(2 * Math.round((reach - 1) / 2) + 1, LEAST, MOST) });
    },
  });
  const bars = h("div", { "data-grid": "costs", style: "display: grid; gap: .35rem; max-width: 640px" });
  const whole = (v) => v.toLocaleString("en");
  function bar(name, value, most) {
    const fill = `height: 100%; width: ${(100 * value) / most}%; background: var(--accent); border-radius: 3px`;
    const track = "height: 10px; background: var(--panel); border-radius: 3px";
    return h(
      "div",
      {},
      h("div", { "data-value": value, class: "d2l-note" }, `${name}: `, h("b", {}, whole(value))),
      h("div", { style: track, "data-value": value / most }, h("div", { class: "d2l-fill", style: fill })),
    );
  }
  const words = status("d2l-sum");
  const number = (name, v, said) => h("b", { "data-number": name, "data-value": v }, said);

  function draw() {
    const r = compute(get);
    const names = [`one ${r.n} × ${r.n}`, `${r.layers} of 3 × 3`];
    tools.draw();
    picture.show();
    both.textContent = `Both see ${r.n} of the picture's pixels in a row.`;
    picture.label(`What one kernel of ${r.n} × ${r.n} and a stack of ${plural(r.layers, "layer")} of 3 × 3 see`);
    bars.replaceChildren(
      ...names.map((name, i) => bar(`Weights, ${name}`, r.weights[i], r.weights[0])),
      ...names.map((name, i) => bar(`Multiply–adds, ${name}`, r.work[i], r.work[0])),
    );
    words.say(
      "The stack has ",
      number("share", r.share, `${fmt(100 * r.share, 0)}%`),
      " of the weights and of the work, and ",
      number("relus", r.layers, plural(r.layers, "ReLU")),
      " in place of one.",
    );
  }
  // below the drawing and not in it, so that it may break
  const both = h("p", { class: "d2l-note", style: "max-width: 640px; text-align: center" });
  const hint = h("div", { class: "d2l-note" }, "Drag the orange point to widen the field. Biases are left out.");
  return { children: [tools.el, picture.el, both, hint, bars, words.el], draw, ready: () => picture.stop };
}

const STATE = {
  kernel: (v) => may.whole(LEAST, MOST)(v) && v % 2 === 1,
  channels: may.whole(1, 1024),
  side: may.whole(1, 512),
};
export default lab("One large kernel or a stack of 3 × 3", STATE, build);
