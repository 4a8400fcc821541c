import { frame, h, put, slider, status, times, uid, watch } from "./kit.js";

const COLUMNS = ["output", "parameters", "multiply–adds", "memory", "field"];

// Wide: one line a stage under a head. Narrow: a block a stage, each number with its name.
const STYLE = [
  ".d2l-walk { margin: 0 0 .9rem; max-width: 62rem; }",
  ".d2l .d2l-walk ul { list-style: none; margin: 0; padding: 0; }",
  ".d2l .d2l-walk li { margin: 0; padding: 0; }",
  ".d2l-walk-line { display: grid; grid-template-columns: 52px minmax(104px, 1.6fr) minmax(96px, 1.1fr) minmax(88px, 1.2fr) minmax(94px, 1.3fr) minmax(54px, .7fr) minmax(66px, .75fr); column-gap: 10px; align-items: center; min-height: 46px; border-bottom: 1px solid var(--line); font-size: .93em; line-height: 1.35; }",
  ".d2l-walk-cell { grid-column: var(--at); grid-row: 1; min-width: 0; white-space: nowrap; }",
  ".d2l-walk-key { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }",
  ".d2l-walk-head { min-height: 32px; font-size: .82em; color: var(--muted); border-color: var(--edge); }",
  ".d2l-walk-total { font-weight: 650; border-bottom: 0; border-top: 1px solid var(--edge); margin-top: -1px; }",
  ".d2l-walk-name { grid-column: 2; grid-row: 1; min-width: 0; padding: .3rem 0; overflow-wrap: anywhere; }",
  ".d2l .d2l-walk-name button { display: flex; gap: 7px; align-items: baseline; min-height: 0; margin-left: -6px; padding: 5px 8px 5px 6px; border: 0; background: none; text-align: left; }",
  ".d2l-walk-name i { flex: none; font-style: normal; color: var(--accent); width: 12px; }",
  ".d2l-walk-name .d2l-walk-plain { padding-left: 19px; }",
  ".d2l-walk-name small, .d2l-walk-share { font-size: .88em; color: var(--muted); }",
  ".d2l-walk-map { grid-row: 1; display: flex; align-self: stretch; align-items: center; justify-content: center; background: linear-gradient(var(--line), var(--line)) center / 2px 100% no-repeat; }",
  ".d2l-walk-map > div { height: 20px; border-radius: 3px; border: 1px solid var(--accent); background: var(--soft); }",
  ".d2l-walk-bar { display: flex; gap: .5rem; align-items: center; }",
  ".d2l-walk-bar > span:first-child { flex: 1; max-width: 9rem; height: 6px; border-radius: 3px; background: var(--rim); overflow: hidden; }",
  ".d2l-walk-bar > span > span { display: block; height: 100%; border-radius: 3px; background: var(--tone); }",
  ".d2l-walk-share { flex: none; min-width: 3.7em; }",
  ".d2l-walk-inner { background: var(--panel); border-bottom: 1px solid var(--line); }",
  ".d2l-walk-inner .d2l-walk-line { min-height: 32px; border: 0; font-size: .86em; }",
  ".d2l-walk-inner .d2l-walk-name { padding: .15rem 0 .15rem calc(19px + 14px * (var(--depth) - 1)); }",
  ".d2l .d2l-walk-dead, .d2l .d2l-walk-dead button { color: var(--muted); }",
  ".d2l .d2l-walk-dead b { font-weight: 500; }",
  ".d2l-walk-map > .d2l-walk-flat { width: 9px; height: 9px; border-radius: 50%; }",
  ".d2l-walk-dead .d2l-walk-map > div { width: 14px; height: 14px; border: 1px dashed var(--edge); border-radius: 3px; background: var(--bg); }",
  ".d2l-walk-dead .d2l-walk-bar > span > span { background: var(--edge); }",
  ".d2l-walk-stop { color: var(--wrong); font-weight: 650; }",
  "@container (max-width: 859px) {",
  ".d2l-walk-line { grid-template-columns: 40px minmax(104px, 1.5fr) minmax(98px, 1.1fr) minmax(84px, 1.2fr) minmax(90px, 1.3fr) minmax(52px, .7fr) minmax(66px, .75fr); column-gap: 9px; font-size: .86em; }",
  "}",
  "@container (max-width: 619px) {",
  ".d2l .d2l-walk-head { display: none; }",
  ".d2l-walk-line { grid-template-columns: 34px minmax(0, 1.45fr) minmax(0, .8fr) minmax(0, .95fr); row-gap: .25rem; font-size: .9em; padding: .5rem 0; }",
  ".d2l-walk-cell { grid-column: var(--narrow); grid-row: var(--line-at); align-self: start; }",
  ".d2l-walk-cell.d2l-walk-none { display: none; }",
  ".d2l-walk-name { grid-column: 2 / 5; padding: 0; }",
  ".d2l .d2l-walk-name .d2l-walk-plain { padding-left: 0; }",
  ".d2l-walk-map { grid-row: 1 / 4; margin: -.5rem 0; }",
  ".d2l-walk-key { position: static; display: block; width: auto; height: auto; clip-path: none; overflow: visible; font-size: .82em; font-weight: 400; color: var(--muted); }",
  ".d2l-walk-inner .d2l-walk-name { padding-left: calc(14px * (var(--depth) - 1)); }",
  "}",
].join("\n");

const grouped = (n) => n.toLocaleString("en-US");
const three = (x) => (x < 100 ? String(Number(x.toPrecision(3))) : grouped(Math.round(x)));
const product = (shape) => shape.reduce((a, b) => a * b, 1);
const memoryOf = ([shape]) => (shape ? 4 * product(shape) : 0);
const pair = (field) => (Array.isArray(field) ? field : [field, field]);

function bytes(n) {
  if (n < 999.5) return `${n} B`;
  return n < 999500 ? `${three(n / 1e3)} kB` : `${three(n / 1e6)} MB`;
}

function percent(part, whole) {
  const p = (100 * part) / whole;
  return p < 0.1 ? "<0.1%" : `${p < 9.95 ? p.toFixed(1) : Math.round(p)}%`;
}

const number = (name, value, text = grouped(value)) => h("span", { "data-number": name, "data-value": value }, text);

// 6 × 28 × 28, every number by itself
const sizes = (name, list) => list.flatMap((n, i) => [i ? " × " : "", number(`${name}.${i}`, n, String(n))]);

// A number over its share of the whole, as a bar and in digits.
function shared(name, value, whole, tone) {
  if (!value) return [number(name, 0, "–")];
  if (!whole) return [number(name, value)];
  const bar = h(
    "span",
    { "aria-hidden": "true" },
    h("span", { style: `width: ${Math.max(1, (100 * value) / whole)}%` }),
  );
  return [
    number(name, value),
    h(
      "div",
      { class: "d2l-walk-bar", style: `--tone: var(${tone})` },
      bar,
      h("span", { class: "d2l-walk-share" }, percent(value, whole)),
    ),
  ];
}

// The cells of a line; each holds its name for whoever does not see the head.
function cells() {
  const all = COLUMNS.map((key, i) => {
    const text = h("div", {});
    const at = [
      ["2", 2],
      ["2", 3],
      ["3 / 5", 3],
      ["3", 2],
      ["4", 2],
    ][i];
    const el = h(
      "div",
      { class: "d2l-walk-cell", style: `--at: ${i + 3}; --narrow: ${at[0]}; --line-at: ${at[1]}` },
      h("span", { class: "d2l-walk-key" }, `${key} `),
      text,
    );
    const set = (...parts) => {
      el.hidden = !parts.length;
      text.replaceChildren(...parts);
      el.classList.toggle("d2l-walk-none", text.textContent === "–");
    };
    return { el, set };
  });
  return { els: all.map((cell) => cell.el), all };
}

// The feature map beside a stage: as wide as its side is, beside the input's.
function mapOf() {
  const box = h("div", {});
  return {
    el: h("div", { class: "d2l-walk-map", "aria-hidden": "true" }, box),
    set: (part) => {
      box.className = part ? "" : "d2l-walk-flat";
      box.style.width = part ? `max(6px, ${Math.round(100 * part)}%)` : "";
    },
  };
}

// One layer. `fill(row, now)`: row = [shape, work, field], or none where nothing arrives.
function layer(index, [depth, name, kind, parameters], whole, toggle) {
  const { els, all } = cells(),
    [output, weights, work, memory, field] = all;
  const map = depth ? null : mapOf();
  const title = [h("b", {}, name), " ", h("small", {}, kind)];
  const sign = h("i", { "aria-hidden": "true" }, "▸");
  const button =
    toggle &&
    h(
      "button",
      { type: "button", "aria-controls": toggle.id, "aria-expanded": "false", onclick: toggle.flip },
      sign,
      h("span", {}, ...title),
    );
  const head = h(
    "div",
    { class: "d2l-walk-name", style: `--depth: ${depth}` },
    button || h("div", { class: depth ? "" : "d2l-walk-plain" }, ...title),
  );
  const el = h("div", { class: "d2l-walk-line", "data-layer": index }, map?.el, head, ...els);
  function fill(row, now) {
    el.classList.toggle("d2l-walk-dead", !row);
    weights.set(
      ...(depth
        ? shared(`${index}.parameters`, parameters, 0)
        : shared(`${index}.parameters`, parameters, whole, "--accent")),
    );
    if (!row) {
      output.set(
        now.stop
          ? h("span", { class: "d2l-walk-stop" }, `✕ ${now.rest === "nothing left" ? now.rest : "does not fit"}`)
          : now.rest,
      );
      [work, memory, field].forEach((cell) => cell.set());
      return map?.set(0);
    }
    const [shape, spent, seen] = row,
      size = memoryOf(row);
    work.set(...shared(`${index}.work`, spent, depth ? 0 : now.work, "--weight"));
    if (shape) {
      output.set(...sizes(`${index}.output`, shape));
      memory.set(number(`${index}.memory`, size, bytes(size)));
    } else [output, memory].forEach((cell) => cell.set("–"));
    if (!seen || seen === "?") field.set(seen || "–");
    else field.set(...sizes(`${index}.field`, pair(seen)));
    if (map) map.set(shape && shape.length === 3 ? Math.min(1, shape[2] / now.size) : 0);
  }
  const open = (yes) => {
    button.setAttribute("aria-expanded", yes);
    sign.textContent = yes ? "▾" : "▸";
  };
  return { el, fill, open };
}

// A stage and the layers within it.
function stageOf(model, data, first, last) {
  const name = data.layers[first][1],
    id = uid();
  const flip = () => {
    const opened = model.get("opened");
    put(model, { opened: opened.includes(name) ? opened.filter((x) => x !== name) : [...opened, name] });
  };
  const has = last > first + 1;
  const top = layer(first, data.layers[first], data.parameters, has ? { id, flip } : null);
  const inner = data.layers.slice(first + 1, last).map((x, i) => layer(first + 1 + i, x, 0, null));
  const list =
    has &&
    h("ul", { id, class: "d2l-walk-inner", "aria-label": `Layers of ${name}` }, ...inner.map((x) => h("li", {}, x.el)));
  const el = h("li", { "data-stage": name }, top.el, list || null);
  return {
    el,
    draw(now) {
      // the walk ends in the first stage that is not done, and within it in the last layer begun
      [top, ...inner].forEach((x, i) => {
        const row = now.rows[first + i];
        x.fill(row, { ...now, stop: !row && (i ? first + i === now.rows.length - 1 : first === now.stopped) });
      });
      if (!has) return;
      const open = model.get("opened").includes(name);
      list.hidden = !open;
      top.open(open);
    },
  };
}

function render({ model, el }) {
  const data = model.get("data"),
    words = status("d2l-sum");
  const starts = data.layers.flatMap(([depth], i) => (depth ? [] : [i]));
  const stages = starts.map((first, i) => stageOf(model, data, first, starts[i + 1] ?? data.layers.length));
  const control = slider({
    label: "Input size",
    value: 0,
    min: 0,
    max: data.sizes.length - 1,
    format: (i) => times(data.sizes[i], data.sizes[i]),
    onChange: (i) => put(model, { size: data.sizes[i] }),
  });
  const warning = h("div", {
    class: "d2l-warn",
    role: "alert",
    "data-problem": "",
    style: "margin-bottom: .8rem; max-width: 62rem",
  });
  const plain = (text) => h("div", { class: "d2l-walk-name" }, h("div", { class: "d2l-walk-plain" }, text));
  const image = { ...cells(), map: mapOf() },
    total = cells();
  image.all.slice(1).forEach((cell) => cell.set());
  const head = h(
    "div",
    { class: "d2l-walk-line d2l-walk-head", "aria-hidden": "true" },
    plain("stage"),
    ...COLUMNS.map((key, i) => h("div", { style: `grid-column: ${i + 3}` }, key)),
  );
  const list = h(
    "ul",
    { "aria-label": "Stages" },
    h("li", {}, h("div", { class: "d2l-walk-line" }, image.map.el, plain(h("b", {}, "input")), ...image.els)),
    ...stages.map((x) => x.el),
    h("li", {}, h("div", { class: "d2l-walk-line d2l-walk-total" }, plain("total"), ...total.els)),
  );
  const note = h(
    "p",
    { class: "d2l-note", style: "max-width: 62rem" },
    "Memory: the output for one image, as float32 (4 bytes a number). Field: the input pixels, padding included, that can change one place of the output; ? if that is not known. ",
    "Bars and percentages: share of the network's total. Blocks at the left: the side of the feature map, compared with the image's; a dot has no sides.",
  );

  function draw() {
    const at = data.sizes.indexOf(model.get("size")),
      size = data.sizes[at],
      walk = data.walks[at];
    const done = starts.map((i) => walk.rows[i]).filter(Boolean);
    const memory = done.reduce((sum, row) => sum + memoryOf(row), 0);
    const now = { ...walk, size, stopped: walk.problem ? starts.find((i) => !walk.rows[i]) : -1 };
    control.set(at);
    warning.textContent = walk.problem;
    warning.hidden = !walk.problem;
    image.map.set(1);
    image.all[0].set(...sizes("input", [data.channels, size, size]));
    stages.forEach((x) => x.draw(now));
    const [output, weights, work, bytesOf, field] = total.all;
    [output, field].forEach((cell) => cell.set());
    weights.set(number("parameters", data.parameters));
    if (walk.problem) [work, bytesOf].forEach((cell) => cell.set());
    else {
      work.set(number("work", walk.work));
      bytesOf.set(number("memory", memory, bytes(memory)));
    }
    words.el.hidden = Boolean(walk.problem);
    words.say(
      ...(walk.problem
        ? []
        : [
            h(
              "span",
              { "data-sum": "", "data-value": walk.work },
              `${data.name} on one ${times(size, size)} image: `,
              h("b", {}, grouped(data.parameters)),
              " parameters, ",
              h("b", {}, grouped(walk.work)),
              " multiply–adds, ",
              h("b", {}, bytes(memory)),
              " of outputs.",
            ),
          ]),
    );
  }

  const { stop } = frame(
    el,
    `Shape walk: ${data.name}`,
    h("style", {}, STYLE),
    h("div", { class: "d2l-controls" }, control.el),
    warning,
    h("div", { style: "margin-bottom: .6rem" }, words.el),
    h("div", { class: "d2l-walk" }, head, list),
    note,
  );
  const forget = watch(model, draw);
  return () => {
    forget();
    stop();
  };
}

export default { render };
