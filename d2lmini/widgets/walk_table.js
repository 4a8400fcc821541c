// The stages of a network, one below the other, with their shapes and what they cost.
import { h, put, uid } from "./kit.js";

const COLUMNS = ["output", "parameters", "multiply–adds", "memory", "field"];

export const grouped = (n) => n.toLocaleString("en-US");
export const three = (x) => (x < 100 ? String(Number(x.toPrecision(3))) : grouped(Math.round(x)));
const product = (shape) => shape.reduce((a, b) => a * b, 1);
export const memoryOf = ([shape]) => (shape ? 4 * product(shape) : 0);
export const bothWays = (field) => (Array.isArray(field) ? field : [field, field]);

export function bytes(n) {
  if (n < 999.5) return `${n} B`;
  return n < 999500 ? `${three(n / 1e3)} kB` : `${three(n / 1e6)} MB`;
}

export function shareOf(part, whole) {
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
      h("span", { class: "d2l-walk-share" }, shareOf(value, whole)),
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
    else field.set(...sizes(`${index}.field`, bothWays(seen)));
    if (map) map.set(shape && shape.length === 3 ? Math.min(1, shape[2] / now.size) : 0);
  }
  const open = (yes) => {
    button.setAttribute("aria-expanded", yes);
    sign.textContent = yes ? "▾" : "▸";
  };
  return { el, fill, open };
}

// A stage and the layers within it.
function stageOf(model, net, key, first, last) {
  const name = net.layers[first][1],
    id = uid();
  const flip = () => {
    const opened = model.get(key.opened);
    put(model, { [key.opened]: opened.includes(name) ? opened.filter((x) => x !== name) : [...opened, name] });
  };
  const has = last > first + 1;
  const made = (i, whole, toggle) => layer(key.mark + i, net.layers[i], whole, toggle);
  const top = made(first, net.parameters, has ? { id, flip } : null);
  const inner = net.layers.slice(first + 1, last).map((_, i) => made(first + 1 + i, 0, null));
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
      const open = model.get(key.opened).includes(name);
      list.hidden = !open;
      top.open(open);
    },
  };
}

// All stages of a network, one below the other, between the image and the total.
export function tableOf(model, net, key) {
  const starts = net.layers.flatMap(([depth], i) => (depth ? [] : [i]));
  const stages = starts.map((first, i) => stageOf(model, net, key, first, starts[i + 1] ?? net.layers.length));
  const plain = (text) => h("div", { class: "d2l-walk-name" }, h("div", { class: "d2l-walk-plain" }, text));
  const image = { ...cells(), map: mapOf() },
    total = cells();
  image.all.slice(1).forEach((cell) => cell.set());
  const head = h(
    "div",
    { class: "d2l-walk-line d2l-walk-head", "aria-hidden": "true" },
    plain("stage"),
    ...COLUMNS.map((name, i) => h("div", { style: `grid-column: ${i + 3}` }, name)),
  );
  const list = h(
    "ul",
    { "aria-label": "Stages" },
    h("li", {}, h("div", { class: "d2l-walk-line" }, image.map.el, plain(h("b", {}, "input")), ...image.els)),
    ...stages.map((x) => x.el),
    h("li", {}, h("div", { class: "d2l-walk-line d2l-walk-total" }, plain("total"), ...total.els)),
  );
  function draw(walk, channels, size) {
    const now = { ...walk, size, stopped: walk.problem ? starts.find((i) => !walk.rows[i]) : -1 };
    image.map.set(1);
    image.all[0].set(...sizes(`${key.mark}input`, [channels, size, size]));
    stages.forEach((x) => x.draw(now));
    const [output, weights, work, bytesOf, field] = total.all;
    [output, field].forEach((cell) => cell.set());
    weights.set(number(`${key.mark}parameters`, net.parameters));
    if (walk.problem) [work, bytesOf].forEach((cell) => cell.set());
    else {
      const memory = memoryIn(net, walk);
      work.set(number(`${key.mark}work`, walk.work));
      bytesOf.set(number(`${key.mark}memory`, memory, bytes(memory)));
    }
  }
  return { el: h("div", { class: "d2l-walk" }, head, list), draw };
}

// Bytes of what the stages put out.
export const memoryIn = (net, walk) =>
  walk.rows.reduce((sum, row, i) => (row && !net.layers[i][0] ? sum + memoryOf(row) : sum), 0);
