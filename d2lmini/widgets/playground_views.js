// What the playground shows of a run: curves, pictures, sizes, mistakes.
import { axes, curve, drawing, spot } from "./chart.js";
import { beyond, fmt, h, panel, percent, stage } from "./kit.js";
import { CLASSES, SIDE } from "./playground_setup.js";

// The colour and the dashes of the run itself and of up to three that were kept.
export const LINES = [
  ["var(--accent)", ""],
  ["var(--mark)", "7 4"],
  ["var(--plus)", "2 3"],
  ["var(--minus)", "10 3 2 3"],
];
const tenths = (v) => `${fmt(100 * v, 1)}%`;

// ---- curves ------------------------------------------------------------------

const HIGHEST_LOSS = 3; // what is above is drawn at the edge, and said to be

const LEGEND =
  "Thin: on the training pictures, while it learns from them. Thick, with dots: on the 1,000 validation pictures.";

// Loss and accuracy of some runs; run = { epochs, points: [[epoch, loss, accuracy], …] in
// training, exams: the same after an epoch, on the validation pictures }.
export function runCurves() {
  let runs = [];
  const one = (name, column, top, yticks) => {
    const chart = drawing({
      height: 190,
      most: 430,
      draw(width, height) {
        const last = Math.max(1, ...runs.map(({ epochs }) => epochs));
        const every = Math.max(1, Math.ceil(last / 8));
        const xticks = Array.from({ length: Math.floor(last / every) + 1 }, (_, i) => [i * every, String(i * every)]);
        const box = axes(width, height, { x: [0, last], y: [0, top], xticks, yticks, xlabel: "epoch", left: 40 });
        const place = (p) => [box.x(p[0]), box.y(Math.min(p[column], top))];
        const lines = runs.flatMap(({ points, exams }, i) => {
          const [colour, dashes] = LINES[i];
          const style = `stroke: ${colour}; stroke-dasharray: ${dashes || "none"}`;
          return [
            curve(points.map(place), `${style}; stroke-width: 1.2; opacity: .75`),
            curve(exams.map(place), style),
            ...exams.map((p) => spot(...place(p), 3, `fill: ${colour}`)),
          ];
        });
        return [...box.marks, ...lines];
      },
    });
    return { chart, column, el: panel(name, chart.el).el };
  };
  const both = [
    one(
      "Loss",
      1,
      HIGHEST_LOSS,
      [0, 1, 2, 3].map((v) => [v, String(v)]),
    ),
    one(
      "Accuracy",
      2,
      1,
      [0, 0.25, 0.5, 0.75, 1].map((v) => [v, `${100 * v}`]),
    ),
  ];
  both[1].el.firstChild.textContent = "Accuracy in %";
  function show(list) {
    runs = list;
    for (const { chart, column } of both) {
      const last = runs[0].exams.at(-1);
      const value = last && (column === 1 ? fmt(last[1], 3) : tenths(last[2]));
      const what = column === 1 ? "Loss" : "Accuracy";
      chart.label(`${what} over the epochs; ${last ? `${value} on the validation pictures now` : "no run yet"}.`);
      chart.show();
    }
    const losses = list.flatMap(({ points, exams }) => [...points, ...exams].map((p) => p[1]));
    note.textContent = `${LEGEND} ${beyond(losses, 0, HIGHEST_LOSS)}`;
  }
  const note = h("p", { class: "d2l-note" });
  const el = h("div", {}, h("div", { class: "d2l-curves" }, both[0].el, both[1].el), note);
  return { el, show, stop: () => both.forEach(({ chart }) => chart.stop()) };
}

// ---- pictures ------------------------------------------------------------------

// A small picture; `signed` numbers are blue above zero and orange below.
function smallPicture(label) {
  const el = h("canvas", { class: "d2l-map", role: "img", "aria-label": label });
  function show(data, width, height, signed = false) {
    Object.assign(el, { width, height });
    const pen = el.getContext("2d");
    const image = pen.createImageData(width, height);
    const high = data.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
    const low = signed
      ? 0
      : Math.min(
          0,
          data.reduce((a, b) => Math.min(a, b), 0),
        );
    data.forEach((v, i) => {
      const t = signed ? Math.min(1, Math.abs(v) / high) : (v - low) / (high - low || 1);
      const ends = signed ? (v > 0 ? [11, 108, 184] : [200, 80, 10]) : [255, 255, 255];
      const ground = signed ? 255 : 0;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = ground + (ends[c] - ground) * t;
      image.data[4 * i + 3] = 255;
    });
    pen.putImageData(image, 0, 0);
  }
  return { el, show, label: (text) => el.setAttribute("aria-label", text) };
}

// A row of such pictures, made anew only when their number changes.
function row(name) {
  const el = h("div", { class: "d2l-maps", role: "group", "aria-label": name });
  let canvases = [];
  function show(data, count, width, height, signed, label) {
    if (canvases.length !== count) {
      canvases = Array.from({ length: count }, (_, i) => smallPicture(label(i)));
      el.replaceChildren(...canvases.map((one) => one.el));
    }
    const size = width * height;
    canvases.forEach((one, i) => one.show(data.subarray(i * size, (i + 1) * size), width, height, signed));
  }
  return { el, show };
}

// First kernels, a picture and its maps, and what the network says of it.
export function insideView(choose) {
  const kernels = row("First kernels");
  const own = smallPicture("The chosen picture");
  own.el.classList.add("d2l-large");
  const maps = h("div", {});
  let rows = [];
  const bars = CLASSES.map((name) => {
    const [bar, text] = [h("div", { class: "d2l-bar-inner" }), h("span", {})];
    return { bar, text, el: h("div", { class: "d2l-chance" }, h("span", {}, name), h("div", {}, bar), text) };
  });
  const filters = panel("First kernels (blue adds, orange takes away)", kernels.el);
  const given = panel("A validation picture", own.el, choose);
  const answer = panel("The answer", ...bars.map((one) => one.el));
  const el = h("div", {}, stage(given.el, answer.el, filters.el), maps);
  function show({ kernels: first, maps: list, picture, chances }) {
    filters.el.hidden = !first;
    if (first) {
      const count = first.data.length / first.size ** 2;
      kernels.show(first.data, count, first.size, first.size, true, (i) => `Kernel ${i + 1}`);
    }
    own.show(picture.pixels, SIDE, SIDE);
    own.label(`The chosen picture: ${CLASSES[picture.label]}`);
    given.note(CLASSES[picture.label]);
    bars.forEach(({ bar, text }, i) => {
      const known = Number.isFinite(chances[i]); // not so where the numbers have overflowed
      bar.style.width = known ? `${100 * chances[i]}%` : "0";
      text.textContent = percent(chances[i]);
    });
    if (rows.map((one) => one.name).join() !== list.map((one) => one.name).join()) {
      rows = list.map(({ name }) => ({ name, ...row(`Maps of ${name}`) }));
      maps.replaceChildren(...rows.map((one) => panel(`Maps of ${one.name}`, one.el).el));
    }
    list.forEach(({ name, shape, data }, i) => {
      rows[i].show(data, shape[0], shape[2], shape[1], false, (n) => `Map ${n + 1} of ${name}`);
    });
  }
  return { el, show };
}

// What may be wider than a phone; the arrow keys move it.
const scrolled = (name, node) =>
  h("div", { class: "d2l-scroll", tabindex: 0, role: "region", "aria-label": name }, node);

// ---- sizes in each layer ------------------------------------------------------------

// A bar for a size between 10^-8 and 10^2, so that a factor of ten is a step.
const power = (v) => (v > 0 ? Math.min(100, Math.max(2, 10 * (Math.log10(v) + 8))) : 0);
const plainly = (v) =>
  v === 0
    ? "0"
    : v >= 0.001 && v < 1000
      ? fmt(v, v < 0.1 ? 4 : 2)
      : v.toExponential(1).replace("e+", "e").replace("-", "−");

export function layerSizes() {
  const body = h("tbody", {});
  const heads = ["layer", "output", "asleep", "gradient", "update"];
  const table = h(
    "table",
    { class: "d2l-sizes" },
    h("thead", {}, h("tr", {}, ...heads.map((text) => h("th", { scope: "col" }, text)))),
    body,
  );
  const note = h(
    "p",
    { class: "d2l-note" },
    "From one batch: the mean size of the output, the root mean square of the gradient, and the size of the step relative to that of the weights. The units asleep are those that stay at an end of their function for the whole batch: they learn nothing, or almost nothing. A bar gains a tenth of its full length with each factor of ten.",
  );
  const el = h("div", {}, scrolled("Sizes in the layers", table), note);
  const cell = (v) =>
    h("td", { "data-value": v }, plainly(v), h("div", { class: "d2l-size", style: `width: ${power(v)}%` }));
  const none = h("tr", {}, h("td", { colspan: heads.length }, "Each step is measured while this is watched."));
  function show(rows) {
    if (!rows) return body.replaceChildren(none);
    body.replaceChildren(
      ...rows.map(({ name, output, asleep, gradient, update }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, name),
          cell(output),
          h("td", { "data-value": asleep }, asleep === null ? "–" : tenths(asleep)),
          cell(gradient),
          cell(update),
        ),
      ),
    );
  }
  show(null);
  return { el, show };
}

// ---- mistakes -------------------------------------------------------------------------

export function mistakesView() {
  const cells = CLASSES.map((truth, i) =>
    CLASSES.map((said, j) => h("td", { class: i === j ? "d2l-hit" : "d2l-miss", title: `${truth}, called ${said}` })),
  );
  const table = h(
    "table",
    { class: "d2l-confusion" },
    h("caption", {}, "Rows: what it is. Columns: what the network calls it."),
    h("thead", {}, h("tr", {}, h("td", {}), ...CLASSES.map((name) => h("th", { scope: "col" }, h("span", {}, name))))),
    h("tbody", {}, ...cells.map((line, i) => h("tr", {}, h("th", { scope: "row" }, CLASSES[i]), ...line))),
  );
  const worst = h("div", { class: "d2l-worst" });
  const counted = panel("Validation pictures, counted", scrolled("Validation pictures, counted", table));
  const el = h("div", {}, counted.el, panel("The ten worst mistakes", worst).el);
  function show({ epoch, confusion, worst: list }) {
    counted.head(`Validation pictures, counted at epoch ${fmt(epoch, 2)}`);
    cells.forEach((line, i) => {
      const all = confusion.slice(10 * i, 10 * i + 10).reduce((a, b) => a + b, 0) || 1;
      line.forEach((cell, j) => {
        const count = confusion[10 * i + j];
        cell.textContent = count ? String(count) : "";
        cell.style.setProperty("--t", String(count / all));
      });
    });
    worst.replaceChildren(
      ...list.map(({ pixels, label, said, sure }) => {
        const one = smallPicture(`${CLASSES[label]}, called ${CLASSES[said]}`);
        one.show(pixels, SIDE, SIDE);
        const text = `${CLASSES[label]}, called ${CLASSES[said]} (${percent(sure)})`;
        return h("figure", {}, one.el, h("figcaption", {}, text));
      }),
    );
  }
  return { el, show };
}
