import { button, clamp, fmt, h, lab, may, put, select, slider, status } from "./kit.js";

const LIMIT = 10;

// Probabilities, loss of the true class, and the loss's slope in each logit; `rest` is
// what the other classes have, which tells more than 1 − p where p is nearly 1.
function compute(get) {
  const z = get("logits").map((v) => get("scale") * v + get("shift"));
  const target = clamp(get("target"), 0, z.length - 1);
  const top = Math.max(...z);
  const powers = z.map((v) => Math.exp(v - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  const p = powers.map((v) => v / sum);
  const slope = p.map((v, i) => get("scale") * (v - (i === target ? 1 : 0)));
  const others = powers.reduce((all, v, i) => (i === target ? all : all + v), 0);
  const loss = z[target] === top ? Math.log1p(others) : Math.log(sum) - (z[target] - top);
  return { z, p, slope, target, loss, rest: others / sum };
}

// The probability of the true class, as 1 − the rest where four digits would say 1.
const likely = ({ p, target, rest }) => (rest && rest < 5e-5 ? `(1 − ${fmt(rest, 4)})` : fmt(p[target], 4));

const place =
  "display: grid; grid-template-columns: minmax(6rem, 2fr) minmax(6rem, 3fr) 3.4rem; gap: 0 .8rem; align-items: center; max-width: 640px";

function line(model, i) {
  const labels = model.get("labels");
  const control = slider({
    label: labels[i],
    value: 0,
    min: -LIMIT,
    max: LIMIT,
    step: 0.1,
    onChange: (v) => put(model, { logits: model.get("logits").map((old, j) => (j === i ? v : old)) }),
  });
  control.el.querySelector("input").style.height = "24px";
  const fill = h("div", { class: "d2l-fill", style: "height: 100%; border-radius: 3px; min-width: 1px" });
  const number = h("span", {
    style:
      "position: absolute; top: 0; white-space: nowrap; line-height: calc(20 * var(--px)); font-size: .88em; font-weight: 600; color: var(--ink)",
  });
  const bar = h(
    "div",
    { style: "position: relative; height: calc(20 * var(--px)); border-radius: 3px; background: var(--panel)" },
    fill,
    number,
  );
  const pull = h("div", { style: "font-size: .88em; text-align: right; color: var(--muted)" });
  const el = h("div", { style: place }, control.el, bar, pull);
  return {
    el,
    draw({ z, p, slope, target }) {
      control.set(model.get("logits")[i]);
      control.el.dataset.value = z[i];
      bar.dataset.value = p[i];
      pull.dataset.value = slope[i];
      const own = i === target;
      fill.style.width = `${100 * p[i]}%`;
      fill.style.background = own ? "var(--mark-bg)" : "var(--soft)";
      const inside = p[i] > 0.5;
      // beside the bar, or over its end where a narrow page has no room there
      number.style.left = inside ? ".4rem" : `max(0px, min(${100 * p[i]}% + .4rem, 100% - ${own ? 6.6 : 3}em))`;
      fill.style.boxShadow = `inset 0 0 0 2px var(--${own ? "mark" : "accent"})`;
      number.textContent = own ? `${fmt(p[i], 3)} ◂ true` : fmt(p[i], 3);
      pull.textContent = `${slope[i] > 0 ? "+" : ""}${fmt(slope[i], 3)}`;
    },
  };
}

function build(model) {
  const get = (key) => model.get(key);
  const labels = get("labels");
  const lines = labels.map((_, i) => line(model, i));
  const names = labels.map((name, i) => [String(i), name]);
  const truth = select({
    label: "True class",
    options: names,
    value: "0",
    onChange: (v) => put(model, { target: Number(v) }),
  });
  const scale = slider({
    label: "Multiply all logits by",
    value: 1,
    min: 0,
    max: 4,
    step: 0.1,
    onChange: (v) => put(model, { scale: v }),
  });
  const shift = slider({
    label: "Add to all logits",
    value: 0,
    min: -LIMIT,
    max: LIMIT,
    step: 0.5,
    onChange: (v) => put(model, { shift: v }),
  });
  const level = button({
    label: "All equal",
    onClick: () => put(model, { logits: labels.map(() => 0), scale: 1, shift: 0 }),
  });
  const tools = h(
    "div",
    { class: "d2l-controls" },
    truth.el,
    scale.el,
    shift.el,
    h("div", { style: "align-self: flex-end" }, level.el),
  );
  const head = h(
    "div",
    { class: "d2l-note", style: `${place}; margin: 0 0 .2rem`, "aria-hidden": "true" },
    h("span", {}, "logit"),
    h("span", {}, "probability"),
    h("span", { style: "text-align: right" }, "slope"),
  );
  const body = h("div", { "data-grid": "classes", style: "margin-bottom: .8rem" }, ...lines.map((one) => one.el));
  const sum = status("d2l-sum");
  const facts = h("div", { class: "d2l-formula" });
  const value = (name, v, digits = 3) => h("b", { "data-number": name, "data-value": v }, fmt(v, digits));

  function draw() {
    const r = compute(get);
    const guess = Math.log(labels.length);
    truth.set(String(r.target));
    scale.set(get("scale"));
    shift.set(get("shift"));
    for (const one of lines) one.draw(r);
    sum.say(
      h(
        "span",
        { "data-sum": "", "data-value": r.loss },
        `Loss for a picture of the class ${labels[r.target]}: −ln ${likely(r)} ${r.rest ? "≈" : "="} `,
        value("loss", r.loss),
      ),
    );
    facts.replaceChildren(
      h(
        "div",
        {},
        `${labels.length} equal probabilities, a pure guess, cost ln ${labels.length} ≈ `,
        value("guess", guess),
        ". This answer costs ",
        value("ratio", r.loss / guess, 2),
        " times as much.",
      ),
      h(
        "div",
        { class: "d2l-note" },
        "Slope: how fast the loss rises with the logit beside it. Descent moves each logit against its slope.",
      ),
    );
  }
  return { children: [tools, head, body, sum.el, facts], draw };
}

const isLogit = may.real(-LIMIT, LIMIT);
const STATE = {
  logits: (v, model) => may.list(64, isLogit)(v) && v.length === model.get("labels").length,
  target: (v, model) => may.whole(0, model.get("labels").length - 1)(v),
  scale: may.real(0, 4),
  shift: isLogit,
};
export default lab("Softmax and its loss", STATE, build);
