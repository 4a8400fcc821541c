import { button, exact, fmt, grid, h, lab, may, panel, put, slide, stage, status, toolbar } from "./kit.js";

const MOST = 400; // steps that are averaged
const WHITE = 2; // times the largest number without dropout: what p = 0.5 makes of it

// A number from 0 to 1 for each n: the bits are stirred until they look drawn.
function chance(n) {
  let t = Math.imul(n ^ (n >>> 16), 0x21f0aaad);
  t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
  return ((t ^ (t >>> 15)) >>> 0) / 4294967296;
}

// The layer's output in one training step, and its mean over `steps` of them.
function compute(get) {
  const image = get("image");
  const [p, units] = [get("p"), image.length * image[0].length];
  const scale = 1 / (1 - p);
  const one = (step) =>
    image.map((row, i) => row.map((v, j) => (chance(step * units + i * row.length + j + 1) < p ? 0 : v * scale)));
  const now = one(get("seed"));
  const mean = image.map((row) => row.map(() => 0));
  for (let step = 0; step < get("steps"); step++)
    one(get("seed") + step).forEach((row, i) => row.forEach((v, j) => (mean[i][j] += v / get("steps"))));
  let dropped = 0;
  for (let n = 1; n <= units; n++) dropped += chance(get("seed") * units + n) < p ? 1 : 0;
  return { image, now, mean, dropped, units, scale };
}

const average = (values) => values.flat().reduce((a, b) => a + b, 0) / values.flat().length;

function build(model) {
  const get = (key) => model.get(key);
  const tools = toolbar(
    slide(model, "p", "Drop probability p", 0, 0.95, 0.05),
    slide(model, "steps", "Steps that are averaged", 1, MOST, 1),
  );
  const next = button({ label: "Next step", onClick: () => put(model, { seed: (get("seed") + 1) % 10000 }) });
  tools.el.append(h("div", { style: "align-self: flex-end" }, next.el));
  const names = ["output", "now", "mean"];
  const titles = ["Without dropout", "In this step", "Mean of the steps"];
  const grids = names.map((name, i) => grid({ name, label: titles[i] }));
  const panels = grids.map((one, i) => panel(titles[i], one.el));
  const words = status("d2l-sum");
  const number = (name, v, digits = 3) => h("b", { "data-number": name, "data-value": v }, fmt(v, digits));

  const hint = h(
    "div",
    { class: "d2l-note" },
    `One scale for all three: black is 0, white is ${WHITE} times the largest number without dropout, or more.`,
  );

  function draw() {
    const r = compute(get);
    const pixels = r.image.flat();
    const range = [Math.min(0, ...pixels), WHITE * Math.max(...pixels)];
    tools.draw();
    [r.image, r.now, r.mean].forEach((values, i) => {
      grids[i].show(values, { picture: true, tint: "grey", range });
      panels[i].note(`mean ${fmt(average(values), 3)}, largest ${fmt(Math.max(...values.flat()), 3)}`);
    });
    words.say(
      "Of ",
      String(r.units),
      " numbers ",
      number("dropped", r.dropped, 0),
      r.dropped === 1 ? " is" : " are",
      " dropped in this step; those that stay are multiplied by 1 / (1 − p) ",
      exact([get("p"), r.scale]) ? "= " : "≈ ",
      number("scale", r.scale, 2),
      ".",
    );
  }
  return { children: [tools.el, stage(...panels.map((one) => one.el)), hint, words.el], draw };
}

const STATE = { p: may.real(0, 0.95), steps: may.whole(1, MOST), seed: may.whole(0, 9999) };
export default lab("Dropout", STATE, build);
