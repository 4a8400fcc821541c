// The controls of a lab of a network.
import { button, checkbox, choice, fmt, group, h, put, select, slider, uid } from "./kit.js";
import { strip } from "./network_breaks.js";
import { paintPicture } from "./network_maps.js";
import { packed } from "./network_picture.js";
import { available, netOf, othersOf, titleOf } from "./network_shelf.js";

export const MOST_SHIFT = 14;

export const SLIDERS = [
  { key: "rotate", label: "Turn", min: -180, max: 180, step: 1, places: 37, said: (v) => `${fmt(v, 0)}°` },
  {
    key: "shift0",
    label: "Move down",
    min: -MOST_SHIFT,
    max: MOST_SHIFT,
    step: 1,
    places: 2 * MOST_SHIFT + 1,
    said: (v) => fmt(v, 0),
  },
  {
    key: "shift1",
    label: "Move right",
    min: -MOST_SHIFT,
    max: MOST_SHIFT,
    step: 1,
    places: 2 * MOST_SHIFT + 1,
    said: (v) => fmt(v, 0),
  },
  { key: "noise", label: "Noise", min: 0, max: 1, step: 0.05, places: 21, said: (v) => `${Math.round(100 * v)}%` },
];

// All controls, in groups; `draw` lets them show the state.
export function controlsOf(model, { base, picture, high, low }) {
  const get = (key) => model.get(key);
  const chosen = thumbs(model, base);
  const pen = choice({
    label: "Pen",
    value: "white",
    options: [
      ["white", "draw"],
      ["black", "rub out"],
    ],
    onChange: (v) => picture.pen(v === "white" ? high : low),
  });
  const clear = button({
    label: "Empty picture",
    onClick: () => put(model, { picture: -1, drawing: emptyOf(model) }),
  });
  const nets = available(model);
  const network = select({
    label: "Network",
    value: get("network"),
    options: nets.map((one) => [one.id, titleOf(one)]),
    onChange: (v) => put(model, { network: v, silenced: [], edits: [], selected: [], source: 0 }),
  });
  network.el.style.maxWidth = "15rem"; // so that the next one stands beside it
  const ids = nets.map(({ id }) => id);
  const other = select({
    label: "Beside it",
    value: get("other"),
    options: othersOf(model).filter(([v]) => !v.startsWith("net:") || ids.includes(v.slice(4))),
    onChange: (v) => put(model, { other: v }),
  });
  const broken = Object.fromEntries(SLIDERS.map(({ key }) => [key, strip()]));
  const sliders = SLIDERS.map(({ key, label, min, max, step, said }) => {
    const part = key.startsWith("shift") ? Number(key.at(-1)) : null;
    const set = (v) => (part === null ? { [key]: v } : { shift: get("shift").map((old, b) => (part === b ? v : old)) });
    const one = slider({ label, value: 0, min, max, step, format: said, onChange: (v) => put(model, set(v)) });
    const el = h("div", {}, one.el, broken[key].el);
    return { el, draw: () => one.set(part === null ? get(key) : get("shift")[part]) };
  });
  const invert = checkbox({ label: "Invert", value: false, onChange: (v) => put(model, { invert: v }) });
  const about = h("p", { class: "d2l-note" });
  const changes = group("Disturb the picture", ...sliders.map(({ el }) => el), invert.el);
  changes.classList.add("d2l-controls");
  const every = checkbox({ label: "Every layer", value: false, onChange: (v) => put(model, { every: v }) });
  const networks = h("div", { class: "d2l-controls" }, network.el, other.el, every.el, about);
  function draw() {
    chosen.set(get("picture"));
    network.set(get("network"));
    other.set(get("other"));
    every.set(get("every"));
    sliders.forEach((one) => one.draw());
    invert.set(get("invert"));
    about.textContent = netOf(model, get("network"))?.about ?? "";
  }
  return {
    draw,
    changes,
    networks,
    choose: chosen.el,
    pen: h("div", { class: "d2l-row" }, pen.el, clear.el),
    broken,
    every: every.el,
  };
}

// The pictures of the figure as small ones to choose from.
function thumbs(model, base) {
  const { shape, low, high, names } = model.get("pictures");
  const [C, H, W] = shape.slice(1);
  const group = uid();
  const inputs = names.map((name, i) =>
    h("input", { type: "radio", name: group, "aria-label": name, onchange: () => put(model, { picture: i }) }),
  );
  const small = names.map((_, i) => {
    const canvas = h("canvas", { width: W, height: H });
    paintPicture(canvas, base(i), [C, H, W], [low, high]);
    return canvas;
  });
  const el = h(
    "div",
    { class: "d2l-net-thumbs", role: "radiogroup", "aria-label": "Picture" },
    ...inputs.map((input, i) => h("label", { title: names[i] }, input, small[i])),
  );
  return { el, set: (v) => inputs.forEach((input, i) => (input.checked = i === v)) };
}
function emptyOf(model) {
  const { shape, low, high } = model.get("pictures");
  return packed(new Float32Array(shape.slice(1).reduce((a, b) => a * b, 1)).fill(low), [low, high]);
}
