// A network as a row of boxes, in proportion.
import { h, status, times } from "./kit.js";
import { bothWays, bytes, grouped, memoryOf, shareOf } from "./walk_table.js";

const side = (shape) => (shape.length === 3 ? shape[2] : 1);
/** @type {[RegExp, string][]} */
const looks = [
  [/Pool/, "pool"],
  [/Conv/, "conv"],
  [/Linear/, "dense"],
];

// A layer in words: "3 Sequential, 2 Conv2d".
function named(net, i) {
  let stage = i;
  while (net.layers[stage][0]) stage--;
  const name = (k) => net.layers[k].slice(1, 3).join(" ").trim();
  return stage === i ? name(i) : `${name(stage)}, ${name(i)}`;
}

// What is told of a layer when its box is chosen.
function told(net, i, row, now) {
  if (!row) return `${named(net, i)}: ${now.rest}.`;
  const [shape, work, field] = row,
    parameters = net.layers[i][3];
  const part = (n, whole) => (n ? ` (${shareOf(n, whole)})` : "");
  return [
    `${named(net, i)}: output ${shape.join(" × ")}`,
    `${grouped(parameters)} parameters${part(parameters, net.parameters)}`,
    `${grouped(work)} multiply–adds${now.work ? part(work, now.work) : ""}`,
    bytes(memoryOf(row)),
    field ? `field ${field === "?" ? "?" : times(...bothWays(field))}` : "no field after flattening",
  ].join(" · ");
}

// A network as a row of boxes, each a button: as high as its maps' side, as wide as the
// root of their number, and below it its shares of the parameters and of the work.
export function drawingOf(net, mark) {
  let chosen = -1;
  let tell = () => {};
  const words = status();
  const part = (tone) => h("span", { class: "d2l-walk-part", style: `--tone: var(${tone})` });
  const boxes = net.drawn.map((layer, at) => {
    const kind = looks.find(([shape]) => shape.test(net.layers[layer][2]))?.[1] ?? "block";
    const [box, weights, work] = [h("span", { class: "d2l-walk-box" }), part("--accent"), part("--weight")];
    const el = h(
      "button",
      { type: "button", class: `d2l-walk-${kind}`, "data-box": mark + layer, onclick: () => choose(at) },
      box,
      weights,
      work,
    );
    return { el, box, weights, work, layer };
  });
  function choose(at) {
    chosen = at;
    boxes.forEach(({ el }, i) => {
      el.setAttribute("aria-pressed", i === chosen);
      el.tabIndex = i === Math.max(chosen, 0) ? 0 : -1;
    });
    tell();
  }
  const row = h(
    "div",
    {
      class: "d2l-walk-row",
      role: "group",
      "aria-label": `Layers of ${net.name}`,
      onkeydown: (event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        const next = boxes[boxes.findIndex(({ el }) => el === document.activeElement) + by];
        if (!next) return;
        event.preventDefault();
        next.el.focus();
        next.el.click();
      },
    },
    ...boxes.map(({ el }) => el),
  );
  const heads = ["", "parameters", "multiply–adds"].map((text) => h("span", {}, text));
  const el = h(
    "div",
    {},
    h("div", { class: "d2l-walk-boxes" }, h("div", { class: "d2l-walk-rows", "aria-hidden": "true" }, ...heads), row),
    words.el,
  );
  // `scale`: the side and the sum of roots that fill the drawing.
  function draw(walk, scale) {
    const share = (n, whole) => `calc(var(--bar) * ${whole ? n / whole : 0})`;
    for (const { el, box, weights, work, layer } of boxes) {
      const made = walk.rows[layer];
      el.classList.toggle("d2l-walk-gone", !made);
      el.setAttribute("aria-label", told(net, layer, made, walk));
      el.style.flexBasis = `${made ? (100 * Math.sqrt(made[0][0])) / scale.roots : 1}%`;
      box.style.height = made ? `calc(var(--tall) * ${side(made[0]) / scale.side})` : "";
      weights.style.height = share(net.layers[layer][3], net.parameters);
      work.style.height = share(made ? made[1] : 0, walk.work);
    }
    tell = () => {
      const layer = boxes[chosen]?.layer;
      words.say(
        layer === undefined ? "Each box is a layer or a block: choose one." : told(net, layer, walk.rows[layer], walk),
      );
    };
    choose(chosen);
  }
  return { el, draw };
}

// What a drawing takes: the side of its largest maps, and the sum of the boxes' widths.
export function measured(net, walk) {
  const shapes = net.drawn.flatMap((i) => (walk.rows[i] ? [walk.rows[i][0]] : []));
  return {
    side: Math.max(1, ...shapes.map(side)),
    roots: shapes.reduce((sum, shape) => sum + Math.sqrt(shape[0]), 1),
  };
}
