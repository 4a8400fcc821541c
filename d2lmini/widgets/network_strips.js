// The layers of a network, one strip of maps each, and its answers as bars.
import { h, percent, plural, times } from "./kit.js";
import { titles } from "./network_inspect.js";
import { MOST_MAPS, maps, paintPicture, rangeOf } from "./network_maps.js";
import { softmax, spread } from "./network_view.js";

const SILENT_OPS = ["flatten", "dropout"]; // hand their input on: no maps of their own
export const MOST_STRIPS = 24; // layers of which all are shown at once
const UNITS = /relu|sigmoid|tanh/;
const BARS = 10; // answers that are shown

// The maps of a network, layer under layer.
//   onSelect(i, place, inward) or null, keys: as of `maps`
// Returns { el, build(net), show(result, marks), part(i), stop }.
export function strips({ short, keys, onSelect }) {
  const el = h("div", { class: "d2l-net-strips" });
  /** @type {any[]} */
  let rows = [];
  const stop = () => rows.forEach((row) => row?.maps?.stop());
  function build(nodes, every) {
    stop();
    const names = titles(nodes);
    let layers = 0;
    rows = nodes.map(({ op }, i) => {
      if (short ? !isShown(nodes, i) : !every && !isBend(nodes, i)) return null;
      const head = h("div", { class: "d2l-head" }, short ? `What layer ${++layers} finds` : names[i]);
      const note = h("span", { class: "d2l-note" });
      head.append(" ", note);
      const own = SILENT_OPS.includes(op)
        ? null
        : maps({ label: names[i], keys, onSelect: onSelect && ((...how) => onSelect(i, ...how)) });
      const row = h("div", { class: "d2l-net-strip", "data-node": i }, head, own?.el);
      return { el: row, note, maps: own };
    });
    el.replaceChildren(...rows.filter(Boolean).map((row) => row.el));
  }
  function show(outputOf, nodes, { chosen, boxes, silenced }) {
    for (const [i, row] of rows.entries()) {
      if (!row) continue;
      const Y = outputOf(i);
      const size = spread(Y.shape);
      row.note.textContent = noteOf(nodes[i], size, Math.min(Y.kept ?? MOST_MAPS, MOST_MAPS));
      row.maps?.show(Y.data, size, {
        kept: Y.kept ?? size[0],
        range: rangeOf(Y.data),
        chosen: chosen && chosen[0] === i ? chosen.slice(1) : null,
        box: boxes && chosen[0] !== i ? boxes[i] : null,
        silent: silenced.filter(([node]) => node === i).map(([, c]) => c),
      });
    }
  }
  return { el, build, show, part: (i) => rows[i]?.el, stop, repaint: () => rows.forEach((row) => row?.maps?.draw()) };
}

// Of a deep network, what each activation hands on, and the answer.
const isBend = (nodes, i) => nodes.length <= MOST_STRIPS || UNITS.test(nodes[i].op) || i === nodes.length - 1;
// The short form shows what each convolution hands on.
function isShown(nodes, i) {
  if (!UNITS.test(nodes[i].op)) return false;
  for (let at = i; at >= 0; at = nodes[at].from[0]) {
    if (nodes[at].op === "convolution") return true;
    if (/dense|pool/.test(nodes[at].op)) return false;
  }
  return false;
}

function noteOf({ op, kernel, stride, global }, [C, H, W], kept) {
  const size =
    H * W === 1 || (C === 1 && H === 1) ? plural(Math.max(C, W), "number") : `${plural(C, "map")} of ${times(H, W)}`;
  const window =
    kernel && !global
      ? `, window ${times(kernel[0], kernel[1])}${Math.max(...stride) > 1 ? `, stride ${stride[0]}` : ""}`
      : "";
  const first = C > kept && H * W > 1 ? `; ${kept > 1 ? `the first ${kept} are` : "the first is"} shown` : "";
  return op === "dropout"
    ? "hands everything on"
    : op === "flatten"
      ? `the same ${size} in a row`
      : `${size}${window}${first}`;
}

// The answers as bars.
export function answers(classes) {
  const head = h("div", { class: "d2l-head" });
  const list = h("ul", { class: "d2l-net-bars" });
  const small = h("canvas", { class: "d2l-net-small", "aria-hidden": "true" });
  const el = h("div", { class: "d2l-net-answer" }, head, small, list);
  // `picture` is drawn small where two stand side by side; null where there is one.
  /** @param {string} title @param {{ data: Float32Array, shape: number[] }} output @param {any} picture */
  function show(title, output, picture) {
    small.hidden = !picture;
    if (picture) {
      [small.height, small.width] = picture.size.slice(1);
      paintPicture(small, picture.data, picture.size, picture.range);
    }
    const flat = output.shape.length === 2 && output.shape[1] > 1;
    el.hidden = !flat;
    if (!flat) return null;
    const shares = softmax(output.data);
    const order = shares.map((p, c) => [p, c]).sort((a, b) => b[0] - a[0]);
    const kept = shares.length > BARS ? order.slice(0, BARS).map(([, c]) => c) : shares.map((_, c) => c);
    const best = shares.some(Number.isNaN) ? -1 : order[0][1];
    head.textContent = title;
    list.replaceChildren(
      ...kept.map((c) =>
        h(
          "li",
          { class: c === best ? "d2l-net-best" : null, "data-number": `p${c}`, "data-value": shares[c] },
          h("span", {}, nameOf(c)),
          h("span", {
            class: "d2l-net-bar",
            style: `--share: ${(100 * (shares[c] || 0)).toFixed(1)}%`,
            "aria-hidden": "true",
          }),
          h("b", {}, percent(shares[c])),
        ),
      ),
    );
    return { best, share: shares[best], name: nameOf(best) };
  }
  const nameOf = (c) => classes[c] ?? `class ${c}`;
  return { el, show };
}
