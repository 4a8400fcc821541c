import { axes, curve, drawing, handle, isPlain, plain, power, rule, spot } from "./chart.js";
import { choice, clamp, fmt, h, lab, may, plural, put, slider, status, svg } from "./kit.js";

const HEIGHT = 240;
const RATES = [-4, 0]; // powers of ten
const DOTS = 50;

const cosine = (t) => (1 + Math.cos(Math.PI * t)) / 2;
const FACTORS = {
  "one cycle": (t, up) =>
    t < up ? 0.04 + (0.96 * (1 - Math.cos((Math.PI * t) / up))) / 2 : cosine((t - up) / (1 - up)),
  cosine,
  constant: () => 1,
};

function build(model) {
  const get = (key) => model.get(key);
  const factor = (t) => FACTORS[get("kind")](t, get("warm_up"));
  const total = () => get("epochs") * get("batches");
  let held = 0; // the rate that the axis is made for, while the point is dragged
  const scale = () => held || get("lr");
  const room = () => ({
    x: [0, 1],
    y: [0, 1.15 * scale()],
    left: 58,
    xlabel: "epoch",
    xticks: Array.from({ length: get("epochs") + 1 }, (_, i) => i)
      .filter((i) => i % Math.ceil(get("epochs") / 6) === 0)
      .map((i) => [i / get("epochs"), String(i)]),
    yticks: [0, 0.5, 1].map((v) => [v * scale(), plain(v * scale())]),
  });
  const peak = () => (get("kind") === "one cycle" ? get("warm_up") : 0);
  const chart = drawing({
    height: HEIGHT,
    draw(width) {
      const box = axes(width, HEIGHT, room());
      const at = (t) => [box.x(t), box.y(get("lr") * factor(t))];
      const fine = Array.from({ length: 201 }, (_, i) => at(i / 200));
      const dots = Array.from({ length: DOTS + 1 }, (_, i) =>
        spot(...at(i / DOTS), 2.2, "fill: var(--accent)", get("lr") * factor(i / DOTS)),
      );
      const now = at(get("step") / total());
      return [
        ...box.marks,
        curve(fine, "stroke: var(--accent)"),
        svg("g", { "data-grid": "rates" }, svg("g", {}, ...dots)),
        rule(now[0], box.top, now[0], box.bottom, "stroke: var(--ink); stroke-dasharray: 5 4"),
        spot(...now, 5, "fill: var(--ink)"),
        handle(box.x(peak()), box.y(get("lr"))),
      ];
    },
    touch(px, py, width) {
      const box = axes(width, HEIGHT, room());
      const top = scale() * 1.15 * ((box.bottom - py) / (box.bottom - box.top));
      const changes = { lr: power(clamp(Math.log10(Math.max(top, 1e-9)), ...RATES)) };
      if (get("kind") === "one cycle")
        changes.warm_up = Number(clamp((px - box.left) / (box.right - box.left), 0.02, 0.98).toFixed(2));
      put(model, changes);
    },
    hold(on) {
      held = on ? get("lr") : 0;
      if (!on) chart.show();
    },
  });
  const kind = choice({
    label: "Schedule",
    value: "",
    options: Object.keys(FACTORS).map((v) => [v, v]),
    onChange: (v) => put(model, { kind: v }),
  });
  const lr = slider({
    label: "Learning rate lr",
    value: 0,
    min: RATES[0],
    max: RATES[1],
    step: 0.01,
    format: (v) => plain(10 ** v),
    onChange: (v) => put(model, { lr: power(v) }),
  });
  const warm = slider({
    label: "Share of the run on the way up",
    value: 0.3,
    min: 0.02,
    max: 0.98,
    step: 0.01,
    onChange: (v) => put(model, { warm_up: v }),
  });
  const epochs = slider({
    label: "Epochs",
    value: 1,
    min: 1,
    max: 30,
    onChange: (v) => put(model, { epochs: v, step: Math.min(get("step"), v * get("batches") - 1) }),
  });
  const step = slider({ label: "Look at step", value: 0, min: 0, max: 1, onChange: (v) => put(model, { step: v }) });
  const words = status("d2l-sum");
  const value = (name, v) => h("b", { "data-number": name, "data-value": v }, plain(v));

  function draw() {
    kind.set(get("kind"));
    lr.set(Math.log10(get("lr")));
    warm.set(get("warm_up"));
    warm.el.hidden = get("kind") !== "one cycle";
    epochs.set(get("epochs"));
    step.input.max = total() - 1;
    step.set(get("step"));
    chart.show();
    const progress = get("step") / total(),
      now = factor(progress),
      rate = get("lr") * now;
    chart.label(`Learning rate over ${plural(get("epochs"), "epoch")}, ${get("kind")}: highest ${plain(get("lr"))}`);
    words.say(
      `Step ${get("step")} of ${total()}, progress ${fmt(progress, 3)}: the rate is `,
      plain(get("lr")),
      " · ",
      value("factor", now),
      isPlain([get("lr"), now, rate]) ? " = " : " ≈ ",
      value("rate", rate),
      ".",
    );
  }
  const tools = h("div", { class: "d2l-controls" }, kind.el, lr.el, warm.el, epochs.el, step.el);
  const hint = h(
    "div",
    { class: "d2l-note" },
    "Drag the orange point: up and down for the rate, sideways for the length of the rise.",
  );
  return { children: [tools, chart.el, hint, words.el], draw, ready: () => chart.stop };
}

const STATE = {
  kind: may.oneOf(Object.keys(FACTORS)),
  lr: may.real(1e-4, 1),
  warm_up: may.real(0.02, 0.98),
  epochs: may.whole(1, 30),
  step: (v, model) => may.whole(0, model.get("epochs") * model.get("batches") - 1)(v),
};
export default lab("A schedule for the learning rate", STATE, build);
