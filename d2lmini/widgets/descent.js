import { axes, curve, drawing, handle, plain, power, rule, spot } from "./chart.js";
import {
  beyond,
  button,
  choice,
  clamp,
  exact,
  fmt,
  h,
  lab,
  may,
  panel,
  player,
  plural,
  put,
  slider,
  stage,
  status,
  svg,
} from "./kit.js";

const VIEW = { w: [-2.4, 3.6], b: [-1.5, 4.5] };
const LONGEST = 60;
const LOST = 1e6; // a loss beyond this has left for good
const RATES = [-3, 0.5]; // powers of ten

const mean = (v) => v.reduce((a, b) => a + b, 0) / v.length;

// The three rules, each a step from p = [w, b] along the slope g; `s` is what they keep.
const RULES = {
  descent: (p, g, lr) => p.map((v, i) => v - lr * g[i]),
  momentum(p, g, lr, s) {
    s.v = g.map((v, i) => 0.9 * (s.v?.[i] ?? 0) + v);
    return p.map((v, i) => v - lr * s.v[i]);
  },
  Adam(p, g, lr, s) {
    s.t = (s.t ?? 0) + 1;
    s.m = g.map((v, i) => 0.9 * (s.m?.[i] ?? 0) + 0.1 * v);
    s.q = g.map((v, i) => 0.999 * (s.q?.[i] ?? 0) + 0.001 * v * v);
    return p.map((v, i) => v - (lr * s.m[i]) / (1 - 0.9 ** s.t) / (Math.sqrt(s.q[i] / (1 - 0.999 ** s.t)) + 1e-8));
  },
};

// The valley of ½ · mean of (w x + b − y)²: its lowest point and its two curvatures.
function valley(x, y) {
  const [a, c] = [mean(x.map((v) => v * v)), mean(x)];
  const det = a - c * c;
  const [p, q] = [mean(x.map((v, i) => v * y[i])), mean(y)];
  const root = Math.sqrt((a - 1) ** 2 / 4 + c * c);
  return {
    low: [(p - c * q) / det, (a * q - c * p) / det],
    steep: (a + 1) / 2 + root,
    flat: (a + 1) / 2 - root,
    angle: Math.atan2(2 * c, a - 1) / 2, // of the steep direction
  };
}

function compute(get) {
  let x = get("points").map((p) => p[0]);
  const y = get("points").map((p) => p[1]);
  if (get("standardise")) {
    const [m, s] = [mean(x), Math.sqrt(mean(x.map((v) => v * v)) - mean(x) ** 2)];
    x = x.map((v) => (v - m) / s);
  }
  const loss = ([w, b]) => mean(x.map((v, i) => (w * v + b - y[i]) ** 2)) / 2;
  const slope = ([w, b]) => {
    const e = x.map((v, i) => w * v + b - y[i]);
    return [mean(e.map((v, i) => v * x[i])), mean(e)];
  };
  const path = [get("start")],
    losses = [loss(get("start"))],
    kept = {};
  while (path.length <= get("steps") && losses[losses.length - 1] < LOST) {
    const here = path.at(-1);
    path.push(RULES[get("rule")](here, slope(here), get("lr"), kept));
    losses.push(loss(path.at(-1)));
  }
  return { x, y, path, losses, loss, ...valley(x, y) };
}

const ticks = (from, to, by) =>
  Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, i) => [from + i * by, fmt(from + i * by)]);

function surface(r, width, height) {
  const box = axes(width, height, {
    x: VIEW.w,
    y: VIEW.b,
    xticks: ticks(-2, 3, 1),
    yticks: ticks(-1, 4, 1),
    xlabel: "w",
    left: 30,
  });
  const scale = [box.x(1) - box.x(0), box.y(0) - box.y(1)];
  const clip = svg("svg", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top });
  const inside = svg("g", { transform: `translate(${-box.left} ${-box.top})` });
  const [cx, cy] = [box.x(r.low[0]), box.y(r.low[1])];
  // a level of the loss is an ellipse; drawn as a curve, since w and b may be scaled apart
  for (const level of [0.02, 0.1, 0.4, 1, 2, 4, 8, 16, 32]) {
    const round = Array.from({ length: 73 }, (_, i) => {
      const [s, f] = [
        Math.sqrt((2 * level) / r.steep) * Math.cos((i * Math.PI) / 36),
        Math.sqrt((2 * level) / r.flat) * Math.sin((i * Math.PI) / 36),
      ];
      const [u, v] = [s * Math.cos(r.angle) - f * Math.sin(r.angle), s * Math.sin(r.angle) + f * Math.cos(r.angle)];
      return [cx + u * scale[0], cy - v * scale[1]];
    });
    inside.append(curve(round, "stroke: var(--edge); stroke-width: 1; opacity: .7"));
  }
  const far = ([w, b]) => [clamp(box.x(w), -5000, 5000), clamp(box.y(b), -5000, 5000)];
  inside.append(
    rule(cx - 6, cy, cx + 6, cy, "stroke: var(--ink); stroke-width: 2"),
    rule(cx, cy - 6, cx, cy + 6, "stroke: var(--ink); stroke-width: 2"),
  );
  inside.append(curve(r.path.map(far), "stroke: var(--accent); stroke-width: 1.6"));
  const dots = r.path.map((p) =>
    svg("g", {}, ...p.map((v, i) => spot(...far(p), i ? 0 : 3.2, "fill: var(--accent)", v))),
  );
  inside.append(svg("g", { "data-grid": "path" }, ...dots), handle(...far(r.path[0])));
  clip.append(inside);
  return [...box.marks, clip, svg("text", { x: 4, y: 20, style: "fill: var(--muted); font-size: 12px" }, "b")];
}

function fitted(r, width, height) {
  const low = Math.min(...r.x) - 0.4,
    high = Math.max(...r.x) + 0.4;
  const box = axes(width, height, {
    x: [low, high],
    y: [-1, 6],
    xticks: ticks(Math.ceil(low), Math.floor(high), 1),
    yticks: ticks(0, 6, 2),
    xlabel: "x",
    left: 30,
  });
  const [w, b] = r.path.at(-1);
  const ends = [low, high].map((v) => [box.x(v), clamp(box.y(w * v + b), -2000, 2000)]);
  const clip = svg("svg", { width, height: box.bottom }, curve(ends, "stroke: var(--accent)"));
  return [
    ...box.marks,
    clip,
    ...r.x.map((v, i) => spot(box.x(v), box.y(r.y[i]), 5, "fill: var(--mark); stroke: var(--bg)")),
  ];
}

const SHOWN = [-2, 4]; // powers of ten of the losses on their axis

function falling(r, width, height) {
  const log = (v) => clamp(Math.log10(v), SHOWN[0], SHOWN[1]);
  const box = axes(width, height, {
    x: [0, LONGEST],
    y: SHOWN,
    xticks: ticks(0, LONGEST, 20),
    yticks: [
      [-2, "0.01"],
      [0, "1"],
      [2, "100"],
      [4, "10⁴"],
    ],
    xlabel: "step",
    left: 46,
  });
  const least = log(r.loss(r.low));
  const points = r.losses.map((v, i) => [box.x(i), box.y(log(v))]);
  const dots = points.map(([x, y], i) => spot(x, y, 2.5, "fill: var(--accent)", r.losses[i]));
  return [
    ...box.marks,
    rule(box.left, box.y(least), box.right, box.y(least), "stroke: var(--ink); stroke-dasharray: 5 4"),
    curve(points, "stroke: var(--accent); stroke-width: 1.6"),
    svg("g", { "data-grid": "losses" }, svg("g", {}, ...dots)),
  ];
}

const number = (name, value, digits = 3) => h("b", { "data-number": name, "data-value": value }, fmt(value, digits));

function verdict(r, rule, lr) {
  const taken = r.path.length - 1;
  const parts = [
    `After ${plural(taken, "step")}: loss `,
    number("loss", r.losses.at(-1)),
    ", least possible ",
    number("least", r.loss(r.low)),
    ". ",
  ];
  const rising = r.losses.every((v, i) => !i || v > r.losses[i - 1]);
  if (r.losses.at(-1) >= LOST) parts.push("It has left the valley and will not come back.");
  else if (!taken) return parts;
  else if (rule === "descent" && lr > 2 / r.steep)
    // at first, what is gained along the valley may be more than what is lost across it
    parts.push(
      `${rising ? "Each" : "Sooner or later each"} step leads across the valley and higher up on the other side.`,
    );
  else if (rule === "descent" && lr > 1 / r.steep)
    parts.push("Each step leads across the valley, to a lower place on the other side.");
  return parts;
}

function build(model) {
  const get = (key) => model.get(key);
  const shown = get("controls");
  let r = compute(get);
  const high = [(w) => Math.min(w, 340), 180, 180];
  const views = [surface, fitted, falling].map((draw, i) =>
    drawing({
      height: high[i],
      draw: (w, high) => draw(r, w, high),
      most: 420,
      touch: i
        ? null
        : (px, py, width) => {
            const box = axes(width, Math.min(width, 340), { x: VIEW.w, y: VIEW.b, xlabel: "w", left: 30 });
            const back = (v, a, b, ends) =>
              Number(clamp(ends[0] + ((v - a) / (b - a)) * (ends[1] - ends[0]), ends[0], ends[1]).toFixed(2));
            put(model, { start: [back(px, box.left, box.right, VIEW.w), back(py, box.bottom, box.top, VIEW.b)] });
          },
    }),
  );
  const all = [];
  const add = (name, control, set) =>
    shown.includes(name) && all.push({ el: control.el, draw: () => control.set(set()) });
  add(
    "rate",
    slider({
      label: "Learning rate",
      value: 0,
      min: RATES[0],
      max: RATES[1],
      step: 0.01,
      format: (v) => plain(10 ** v),
      onChange: (v) => put(model, { lr: power(v) }),
    }),
    () => Math.log10(get("lr")),
  );
  add(
    "rule",
    choice({
      label: "Step by",
      value: "",
      options: Object.keys(RULES).map((v) => [v, v]),
      onChange: (v) => put(model, { rule: v }),
    }),
    () => get("rule"),
  );
  add(
    "inputs",
    choice({
      label: "Inputs x",
      value: "",
      options: [
        ["no", "as measured"],
        ["yes", "standardised"],
      ],
      onChange: (v) => put(model, { standardise: v === "yes" }),
    }),
    () => (get("standardise") ? "yes" : "no"),
  );
  ["w", "b"].forEach((name, i) =>
    add(
      "start",
      slider({
        label: `Start at ${name} =`,
        value: 0,
        min: VIEW[name][0],
        max: VIEW[name][1],
        step: 0.1,
        onChange: (v) => put(model, { start: get("start").map((old, j) => (i === j ? v : old)) }),
      }),
      () => get("start")[i],
    ),
  );
  const play = player({
    what: "the steps",
    interval: 200,
    onPlay: (on) => words.quiet(on),
    count: () => LONGEST + 1,
    last: () => (r.losses[r.losses.length - 1] < LOST ? LONGEST : r.path.length - 1),
    get: () => r.path.length - 1, // fewer than `steps` where it has left
    set: (v) => put(model, { steps: v }),
  });
  const first = button({
    label: "To the start",
    onClick: () => {
      play.stop();
      put(model, { steps: 0 });
    },
  });
  play.el.append(first.el);
  const words = status("d2l-sum");
  const facts = h("div", { class: "d2l-formula" });
  const parts = [
    panel("The loss over w and b", views[0].el),
    panel("The line w·x + b", views[1].el),
    panel("The loss after each step", views[2].el),
  ];
  const wide = "flex: 1 1 260px; max-width: 420px";
  parts[0].el.style = wide;
  parts[0].note("Curves: equal loss. Cross: the lowest place. Drag the orange start.");
  const right = h("div", { style: wide }, parts[1].el, parts[2].el);

  function draw() {
    r = compute(get);
    for (const one of all) one.draw();
    for (const view of views) view.show();
    play.draw();
    const [w, b] = r.path.at(-1);
    views[0].label(`Loss over w and b: ${plural(r.path.length, "place")}, the last at w = ${fmt(w)}, b = ${fmt(b)}`);
    views[1].label(`${r.x.length} points and the line ${fmt(w)}·x + ${fmt(b)}`);
    parts[2].note(beyond(r.losses, 10 ** SHOWN[0], 10 ** SHOWN[1]));
    views[2].label(`Loss after each step: from ${fmt(r.losses[0])} to ${fmt(r.losses.at(-1))}`);
    words.say(...verdict(r, get("rule"), get("lr")));
    facts.replaceChildren(
      h(
        "div",
        {},
        "Curvature: ",
        number("steep", r.steep),
        " across the valley, ",
        number("flat", r.flat),
        " along it. Plain descent converges below 2 / ",
        fmt(r.steep, 3),
        exact([r.steep, 2 / r.steep], 3) ? " = " : " ≈ ",
        number("limit", 2 / r.steep),
        ".",
      ),
    );
  }
  const tools = h("div", { class: "d2l-controls" }, ...all.map((x) => x.el));
  const children = [tools, play.el, stage(parts[0].el, right), words.el, facts];
  const ready = () => () => views.forEach((view) => view.stop());
  return { children, draw, stop: play.stop, ready };
}

const isStart = (v) =>
  Array.isArray(v) && v.length === 2 && [VIEW.w, VIEW.b].every(([low, high], i) => may.real(low, high)(v[i]));
const STATE = {
  start: isStart,
  lr: may.real(1e-3, 10 ** 0.5),
  steps: may.whole(0, LONGEST),
  rule: may.oneOf(Object.keys(RULES)),
  standardise: may.flag,
};
export default lab("Gradient descent", STATE, build);
