import { checkbox, h, lab, may, put, slide, status } from "./kit.js";

const PATHS = ["1×1", "3×3", "5×5", "pooling"];
const count = (v) => v.toLocaleString("en-GB");

// [channels, parameters, multiply–adds] of each path, and its layers as [in, out, kernel].
function compute(get, narrowed = get("narrowed")) {
  const [c, n3, n5, side] = ["channels", "narrow3", "narrow5", "side"].map(get);
  const [one, three, five, pooled] = get("widths");
  const layers = narrowed
    ? [
        [[c, one, 1]],
        [
          [c, n3, 1],
          [n3, three, 3],
        ],
        [
          [c, n5, 1],
          [n5, five, 5],
        ],
        [[c, pooled, 1]],
      ]
    : [[[c, one, 1]], [[c, three, 3]], [[c, five, 5]], []];
  const outs = [one, three, five, narrowed ? pooled : c];
  return PATHS.map((_, i) => {
    const weights = layers[i].reduce((sum, [a, b, k]) => sum + a * b * k * k, 0);
    const biases = layers[i].reduce((sum, [, b]) => sum + b, 0);
    return get("paths")[i] ? [outs[i], weights + biases, weights * side * side] : [0, 0, 0];
  });
}
const total = (costs, what) => costs.reduce((sum, cost) => sum + cost[what], 0);

function build(model) {
  const get = (key) => model.get(key);
  const sliders = [
    slide(model, "channels", "Channels that come in", 8, 832, 8),
    slide(model, "narrow3", "Channels before the 3×3", 4, 384, 4),
    slide(model, "narrow5", "Channels before the 5×5", 4, 384, 4),
  ];
  const narrow = checkbox({
    label: "with the narrow places",
    value: true,
    onChange: (v) => put(model, { narrowed: v }),
  });
  const rows = PATHS.map((name, i) => {
    const on = checkbox({
      label: `path ${name}`,
      value: true,
      onChange: (v) => put(model, { paths: get("paths").map((old, j) => (i === j ? Number(v) : old)) }),
    });
    const bar = h("div", { class: "d2l-fill", style: "height: 14px; border-radius: 3px; background: var(--accent)" });
    const said = h("div", { class: "d2l-note", style: "margin: 0" });
    const box = h("div", { style: "flex: 1 1 220px; min-width: 0" }, bar, said);
    return {
      el: h(
        "div",
        { class: "d2l-row", style: "align-items: center; row-gap: 0; margin-bottom: .6rem" },
        h("div", { style: "flex: 0 0 8.5rem" }, on.el),
        box,
      ),
      on,
      bar,
      said,
    };
  });
  const words = status("d2l-sum");
  const tools = h("div", { class: "d2l-controls" }, ...sliders.map((s) => s.el), narrow.el);

  function draw() {
    const costs = compute(get);
    const most = Math.max(...[true, false].flatMap((v) => compute(get, v)).map((cost) => cost[2]), 1);
    for (const one of sliders) one.draw();
    for (const one of sliders.slice(1)) one.el.hidden = !get("narrowed");
    narrow.set(get("narrowed"));
    rows.forEach((row, i) => {
      const [out, held, work] = costs[i];
      row.on.set(Boolean(get("paths")[i]));
      row.bar.style.width = `${(100 * work) / most}%`;
      row.said.textContent = out
        ? `${count(out)} channels out · ${count(held)} parameters · ${count(work)} multiply–adds`
        : "switched off";
    });
    const number = (name, v) => h("b", { "data-number": name, "data-value": v }, count(v));
    const [out, held, work] = [0, 1, 2].map((what) => total(costs, what));
    const other = total(compute(get, !get("narrowed")), 2);
    words.say(
      number("channels", out),
      ` channels of ${get("side")}×${get("side")} come out, for `,
      number("parameters", held),
      " parameters and ",
      number("work", work),
      ` multiply–adds; ${get("narrowed") ? "without" : "with"} the narrow places it would be `,
      number("other", other),
      ".",
    );
  }
  return { children: [tools, ...rows.map((row) => row.el), words.el], draw };
}

const STATE = {
  channels: may.whole(8, 832),
  narrow3: may.whole(4, 384),
  narrow5: may.whole(4, 384),
  narrowed: may.flag,
  paths: (v) => Array.isArray(v) && v.length === 4 && v.every((x) => x === 0 || x === 1),
};
export default lab("What a block of four paths costs", STATE, build);
