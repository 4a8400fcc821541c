// The kit that all figures share: elements, controls, grids, play and step, theme.

// ---- elements and numbers -------------------------------------------------

// h("button", { class: "x", onclick: f, "aria-label": "…" }, "text", child)
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

const VAST = 1e15; // beyond it a number has no decimals, and soon not all of its digits

// A number for people: at most `digits` decimals, a true minus sign, no −0.  One too
// small for them keeps its first two digits, with an exponent only where that is shorter;
// one too large to be read keeps three.
export function fmt(value, digits = 2) {
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "–";
  const size = Math.abs(value);
  if (size >= VAST) return value.toExponential(2).replace("e+", "e").replaceAll("-", "−");
  const tiny = size && size < 0.5 * 10 ** -digits;
  const text = String(Number(tiny ? value.toPrecision(2) : value.toFixed(digits)));
  return (tiny && size < 1e-4 ? value.toExponential(1) : text === "-0" ? "0" : text).replaceAll("-", "−");
}

// What fits into a cell: nearly zero, or a large number with two digits and an exponent.
const brief = (value) => {
  if (value && Math.abs(value) < 0.005) return "≈0";
  const text = fmt(value);
  return text.length > 6 ? value.toExponential(1).replace("e+", "e").replaceAll("-", "−") : text;
};

// A number with brackets round it if it is negative, for the right of a sign.
export const bracket = (value, digits) => (value < 0 ? `(${fmt(value, digits)})` : fmt(value, digits));
// 0·0 + 1·1 + 3·(−2) from [[0, 0], [1, 1], [3, −2]]
export const sumText = (pairs, digits = 2) =>
  pairs.map(([a, b]) => `${bracket(a, digits)}·${bracket(b, digits)}`).join(" + ");
// Whether so many decimals tell all of each number: "=" stands after such, "≈" after others.
export const exact = (numbers, digits = 2) =>
  numbers.every((v) => Math.abs(v) < VAST && Math.abs(v - Number(v.toFixed(digits))) < 1e-9);
export const plural = (n, word, many = `${word}s`) => `${n} ${n === 1 ? word : many}`;

// What is said of numbers that an axis from `low` to `high` has no room for.
export function beyond(numbers, low, high) {
  const count = numbers.filter((v) => v < low || v > high).length;
  return count ? `${count} beyond the axis, drawn at its end. ` : "";
}

// A share: nothing but 0 is 0%, and nothing but 1 is 100%.  `signs` stand before what is
// under 1% and over 99%.
export function percent(p, signs = ["< ", "> "]) {
  if (p > 0 && p < 0.005) return `${signs[0]}1%`;
  if (p >= 0.995 && p < 1) return `${signs[1]}99%`;
  return Number.isNaN(p) ? "–" : `${Math.round(100 * p)}%`;
}
export const IN_WORDS = ["under ", "over "]; // signs for a sentence

// What a person types as a number: 2, −0.5, 0,5 or 1/9.  NaN when it is none.
export function parse(text) {
  const plain = text.trim().replaceAll("−", "-").replace(",", ".");
  const match = /^([-+]?\d*\.?\d+(?:e[-+]?\d+)?|[-+]?\d+\.)(?:\/(\d*\.?\d+))?$/i.exec(plain);
  return match ? Number(match[1]) / Number(match[2] ?? 1) : NaN;
}

export const copy = (value) => JSON.parse(JSON.stringify(value));
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
export const make = (n, f) => Array.from({ length: Math.max(0, n) }, (_, i) => f(i));
export const table = (rows, cols, f) => make(rows, (i) => make(cols, (j) => f(i, j)));
export const zeros = (rows, cols) => table(rows, cols, () => 0);
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const times = (rows, cols) => `${rows} × ${cols}`;
export const AXES = ["rows", "columns"];

// Where torch's padding modes find the number for place i of n; null where there is none.
const INSIDE = {
  zeros: () => null,
  reflect: (i, n) => (i < 0 ? -i : 2 * (n - 1) - i),
  replicate: (i, n) => clamp(i, 0, n - 1),
  circular: (i, n) => (i + n) % n,
};

// The grid with `rows` and `cols` places added on each side, filled by `mode`.
export function padded(grid, [rows, cols], fill = 0, mode = "zeros") {
  const place = (i, n) => (i >= 0 && i < n ? i : INSIDE[mode](i, n));
  return table(grid.length + 2 * rows, grid[0].length + 2 * cols, (i, j) => {
    const [u, v] = [place(i - rows, grid.length), place(j - cols, grid[0].length)];
    return u === null || v === null ? fill : grid[u][v];
  });
}

// The same grid in another size: old numbers stay, new places are zero.
export const resized = (grid, rows, cols) => zeros(rows, cols).map((row, i) => row.map((_, j) => grid[i]?.[j] ?? 0));

// ---- state ----------------------------------------------------------------

// Sets several traits and saves them at once.
export function put(model, changes) {
  if (Object.entries(changes).every(([key, value]) => same(model.get(key), value))) return;
  for (const [key, value] of Object.entries(changes)) model.set(key, value);
  model.save_changes();
}

// Draws now, and after any change once; returns a function that stops it.
export function watch(model, draw) {
  let due = false;
  let stopped = false;
  const change = () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      if (!stopped) draw();
    });
  };
  model.on("change", change);
  draw();
  return () => {
    stopped = true;
    model.off("change", change);
  };
}

// ---- the frame ------------------------------------------------------------

const SCHEMES = ["(forced-colors: active)", "(prefers-color-scheme: dark)"].map((query) => matchMedia(query));
function isDark() {
  const [forced, dark] = SCHEMES;
  if (forced.matches) return dark.matches; // the ground is the reader's own, whatever the page has chosen
  for (const name of ["data-theme", "theme"]) {
    const page = document.documentElement.getAttribute(name);
    if (page === "dark" || page === "light") return page === "dark";
  }
  const lab = document.body.dataset.jpThemeLight;
  if (lab) return lab === "false";
  const code = document.body.className.match(/vscode-(dark|light|high-contrast(-light)?)/);
  if (code) return !code[0].includes("light");
  if (globalThis.google?.colab) return false;
  return dark.matches;
}

// The root of a figure inside `el`; follows the page's theme.
// Returns { root, stop }.
export function frame(el, title, ...children) {
  const root = h(
    "section",
    { class: "d2l", role: "group", "aria-label": title },
    h("div", { class: "d2l-bar" }, h("p", { class: "d2l-title", "aria-hidden": "true" }, title)),
    ...children,
  );
  const paint = () => (root.dataset.theme = isDark() ? "dark" : "light");
  const seen = new MutationObserver(paint);
  const options = { attributes: true, attributeFilter: ["data-theme", "theme", "class", "data-jp-theme-light"] };
  seen.observe(document.documentElement, options);
  seen.observe(document.body, options);
  for (const media of SCHEMES) media.addEventListener("change", paint);
  paint();
  el.append(root);
  return {
    root,
    stop: () => {
      seen.disconnect();
      for (const media of SCHEMES) media.removeEventListener("change", paint);
    },
  };
}

// A figure with a way back, as { render, state }.  `state` names the traits that the
// reader can change, each with a test (value, model) of what it may hold: a page's
// address can set them.  The title may be a function of the model.  `build(model)` returns { children, draw() } and may have a stop() and a
// ready(root), which is called once all is drawn.
export function lab(title, state, build) {
  const now = (model) => Object.fromEntries(Object.keys(state).map((key) => [key, copy(model.get(key) ?? null)]));
  function render({ model, el }) {
    const first = now(model);
    const parts = build(model);
    const reset = button({
      label: "Reset",
      onClick: () => {
        parts.stop?.();
        put(model, copy(first));
      },
    });
    const name = typeof title === "function" ? title(model) : title;
    reset.el.setAttribute("aria-label", `Reset: ${name}`);
    const { root, stop } = frame(el, name, ...parts.children);
    root.firstChild.append(reset.el);
    const forget = watch(model, () => {
      parts.draw();
      reset.enable(!same(now(model), first));
    });
    const end = parts.ready?.(root);
    return () => {
      for (const call of [parts.stop, end, forget, stop]) call?.();
    };
  }
  return { render, state };
}

const LARGEST = 1e9; // a number that a reader can write; sums of such stay finite
const isNumber = (v) => Number.isFinite(v) && Math.abs(v) <= LARGEST;
// Tests of what a trait may hold, for `lab`.
const isWhole = (v, min, max) => Number.isInteger(v) && v >= min && v <= max;
export const may = {
  whole: (min, max) => (v) => isWhole(v, min, max),
  number: isNumber,
  real: (min, max) => (v) => Number.isFinite(v) && v >= min && v <= max,
  flag: (v) => typeof v === "boolean",
  oneOf: (list) => (v) => list.includes(v),
  pair: (min, max) => (v) => Array.isArray(v) && v.length === 2 && v.every((x) => isWhole(x, min, max)),
  list: (max, item) => (v) => Array.isArray(v) && v.length <= max && v.every(item),
  // numbers in as many dimensions as there are lengths, every row of the same length
  grid: (...most) => {
    const shape = (v, depth) => {
      if (depth === most.length) return isNumber(v) ? "number" : null;
      if (!Array.isArray(v) || !v.length || v.length > most[depth]) return null;
      const inner = v.map((item) => shape(item, depth + 1));
      return inner.every((x) => x && x === inner[0]) ? `${v.length}×${inner[0]}` : null;
    };
    return (v) => shape(v, 0) !== null;
  },
};

const mark = Math.random().toString(36).slice(2, 8);
let count = 0;
export const uid = () => `d2l-${mark}-${++count}`;

export const stage = (...children) => h("div", { class: "d2l-stage" }, ...children);
// An operator sign that stays beside the panels that follow it.
// Returns { el, set(text) }.
export function joined(text, ...children) {
  const sign = h("span", { class: "d2l-sign", "aria-hidden": "true" }, text);
  return { el: h("div", { class: "d2l-pair" }, sign, ...children), set: (t) => (sign.textContent = t) };
}

// A group of controls under a small heading.
export const group = (label, ...children) =>
  h(
    "div",
    { class: "d2l-group", role: "group", "aria-label": label },
    h("span", { class: "d2l-legend", "aria-hidden": "true" }, label),
    h("div", { class: "d2l-row" }, ...children),
  );

// A grid (or anything) with a heading above and a note below.
// Returns { el, head(text), note(text) }.
export function panel(title, ...children) {
  const head = h("div", { class: "d2l-head" }, title);
  const note = h("div", { class: "d2l-note" });
  const el = h("div", { class: "d2l-panel" }, head, ...children, note);
  return { el, head: (text) => (head.textContent = text), note: (text) => (note.textContent = text) };
}

// The sentence that says why there is nothing to show.
// Returns { el, say(text) }; it is hidden while there is none.
export function warning() {
  const el = h("div", { class: "d2l-warn", role: "alert", "data-problem": "" });
  const say = (text) => {
    el.textContent = text;
    el.hidden = !text;
  };
  return { el, say };
}

// A visible line of text that screen readers hear when it changes.
// Returns { el, say(text or nodes…), quiet(bool) }.
export function status(kind = "") {
  const el = h("div", { class: `d2l-status ${kind}`, role: "status", "aria-live": "polite" });
  const ended = h("span", { class: "d2l-hidden" }, "Stopped. ");
  return {
    el,
    // What stands there already is not heard again.
    say(...parts) {
      const fresh = /** @type {Element} */ (el.cloneNode(false));
      fresh.append(...(el.contains(ended) ? [ended.cloneNode(true)] : []), ...parts);
      if (!fresh.isEqualNode(el)) el.replaceChildren(...parts);
    },
    // While something runs nothing is heard.  At its end what has been written meanwhile
    // is, since a word before it, for ears alone, makes it new.
    quiet(yes) {
      if (yes) ended.remove();
      else if (el.getAttribute("aria-live") === "off" && el.hasChildNodes()) el.prepend(ended);
      el.setAttribute("aria-live", yes ? "off" : "polite");
    },
  };
}

// ---- controls: each returns { el, set(value) } ----------------------------

// A button that cannot be used keeps the focus: it is only said to be disabled.
export function button({ label, text = label, onClick, kind = "" }) {
  const el = h(
    "button",
    {
      type: "button",
      class: `d2l-button ${kind}`,
      "aria-label": text === label ? null : label,
      onclick: () => el.getAttribute("aria-disabled") !== "true" && onClick(),
    },
    text,
  );
  const set = (value) => (el.textContent = value);
  return { el, set, enable: (yes) => el.setAttribute("aria-disabled", !yes) };
}

// A whole number with − and + beside it.
export function stepper({ label, value, min, max, onChange, hide = false }) {
  let now = value;
  const id = uid();
  const input = h("input", {
    id,
    type: "number",
    min,
    max,
    step: 1,
    value,
    "aria-label": label,
    inputmode: "numeric",
    oninput: () => /^\d+$/.test(input.value) && change(Number(input.value), true),
    onblur: () => set(now),
  });
  const step = (by, text, name) => {
    const one = button({ label: `${text} ${name} ${label}`, text, onClick: () => change(now + by) });
    one.el.tabIndex = -1; // the arrow keys of the field do the same
    return one;
  };
  const less = step(-1, "−", "less");
  const more = step(1, "+", "more");
  function set(next) {
    now = next;
    if (Number(input.value) !== next) input.value = next;
    less.enable(now > min);
    more.enable(now < max);
  }
  function change(next, typing = false) {
    if (typing && (next < min || next > max)) return;
    set(clamp(next, min, max));
    onChange(now);
  }
  set(value);
  const name = h("label", { for: id, class: "d2l-legend" }, label);
  const el = h(
    "div",
    { class: "d2l-control" },
    hide ? null : name,
    h("div", { class: "d2l-stepper" }, less.el, input, more.el),
  );
  return { el, set };
}

export function slider({ label, value, min, max, step = 1, format = (v) => fmt(v), onChange }) {
  const out = h("b", { "aria-hidden": "true" }, format(value));
  const input = h("input", {
    type: "range",
    min,
    max,
    step,
    "aria-label": label,
    "aria-valuetext": format(value),
    oninput: () => {
      show(Number(input.value));
      onChange(Number(input.value));
    },
  });
  function show(v) {
    out.textContent = format(v);
    input.setAttribute("aria-valuetext", format(v));
  }
  const set = (v) => {
    input.value = v;
    show(v);
  };
  set(value);
  return { el: h("label", { class: "d2l-control" }, h("span", {}, label, " ", out), input), set, input };
}

// options: [[value, text], …]; values are strings
export function select({ label, options, value, onChange }) {
  const input = h("select", { "aria-label": label, onchange: () => onChange(input.value) });
  const fill = (list) => input.replaceChildren(...list.map(([v, text]) => h("option", { value: v }, text)));
  fill(options);
  input.value = value;
  return { el: h("label", { class: "d2l-control" }, h("span", {}, label), input), set: (v) => (input.value = v), fill };
}

export function checkbox({ label, value, onChange }) {
  const input = h("input", { type: "checkbox", checked: value, onchange: () => onChange(input.checked) });
  return {
    el: h("label", { class: "d2l-control d2l-check" }, input, h("span", {}, label)),
    set: (v) => (input.checked = v),
  };
}

// One of a few, side by side: radio buttons that look like one switch.
export function choice({ label, options, value, onChange }) {
  const name = uid();
  const inputs = options.map(([v]) => h("input", { type: "radio", name, value: v, onchange: () => onChange(v) }));
  const el = h(
    "div",
    { class: "d2l-control", role: "radiogroup", "aria-label": label },
    h("span", { "aria-hidden": "true" }, label),
    h("div", { class: "d2l-choice" }, ...options.map(([, text], i) => h("label", {}, inputs[i], h("span", {}, text)))),
  );
  const set = (v) => inputs.forEach((input, i) => (input.checked = options[i][0] === v));
  set(value);
  return { el, set };
}

// Step back, play, step on through `count()` places, and a slider where they are many.
// Whoever asks the system for less motion gets the steps and no play button.
// `again`: playing at the end starts from the front; `said(place)` is what the slider shows;
// `last()` is where walking ends, if that is before the last of all places.
// Returns { el, stop, draw }; `onPlay(bool)` tells when it starts and stops by itself.
export function player(options) {
  const { what, count, get, set, onPlay = (_) => {}, interval = 900, again = true } = options;
  const { said = (at) => `${at + 1} of ${count()}`, last = () => count() - 1 } = options;
  /** @type {number | null} */
  let timer = null;
  let speed = 1;
  const go = (by) => set(clamp(get() + by, 0, last()));
  const play = button({ label: "▶ Play", kind: "d2l-primary", onClick: () => (timer ? stop() : start()) });
  const tick = () => {
    if (!el.isConnected || !count() || get() >= last()) stop();
    else if (isNear(el)) go(1);
  };
  function stop() {
    if (!timer) return;
    clearInterval(timer);
    timer = null;
    play.set("▶ Play");
    onPlay(false);
  }
  function start() {
    if (get() >= last()) set(0);
    timer = window.setInterval(tick, interval / speed);
    play.set("❚❚ Pause");
    onPlay(true);
  }
  const step = (by, text) =>
    button({
      label: text,
      onClick: () => {
        stop();
        go(by);
      },
    });
  const back = step(-1, "‹ Back");
  const next = step(1, "Step ›");
  const pace = select({
    label: "Speed",
    options: SPEEDS.map((v) => [String(v), `${v}×`]),
    value: "1",
    onChange: (v) => {
      speed = Number(v);
      if (!timer) return;
      clearInterval(timer);
      timer = window.setInterval(tick, interval / speed);
    },
  });
  const place = slider({
    label: "Place",
    value: 1,
    min: 1,
    max: 1,
    format: (v) => said(v - 1),
    onChange: (v) => {
      stop();
      set(v - 1);
    },
  });
  function draw() {
    const n = count();
    back.enable(n > 0 && get() > 0);
    next.enable(n > 0 && get() < last());
    play.enable(Boolean(timer) || again || get() < last());
    pace.el.hidden = place.el.hidden = n < LONG_WALK;
    place.input.max = n;
    if (n) place.set(get() + 1);
  }
  pace.el.hidden = place.el.hidden = true;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const el = h(
    "div",
    { class: "d2l-player", role: "group", "aria-label": `Step through ${what}` },
    back.el,
    still ? null : play.el,
    next.el,
    still ? null : pace.el,
    place.el,
  );
  return { el, stop, draw };
}
// Whether somebody can see it, or by scrolling a window's height: what is played waits.
function isNear(el) {
  const { top, bottom } = el.getBoundingClientRect();
  return !document.hidden && bottom > -innerHeight && top < 2 * innerHeight;
}
const SPEEDS = [1, 3, 10, 30];
const LONG_WALK = 13; // places, from which on there are a slider and a speed

// The player of a grid's cells: `size()` gives [rows, columns], or null for none.
export function walker({ size, get, set, ...options }) {
  const spot = () => get().map((v, a) => clamp(v, 0, size()[a] - 1));
  return {
    spot,
    ...player({
      what: "the output cells",
      count: () => (size() ?? [0, 0]).reduce((a, b) => a * b),
      get: () => spot()[0] * size()[1] + spot()[1],
      set: (at) => set(Math.floor(at / size()[1]), at % size()[1]),
      ...options,
    }),
  };
}

// ---- controls of a model: each returns { el, draw() } -------------------------

// A control that shows trait `key`.
export const bound = (model, key, control) => ({ el: control.el, draw: () => control.set(model.get(key)) });

// All controls of a figure in their box.
export const toolbar = (...controls) => ({
  el: h("div", { class: "d2l-controls" }, ...controls.map((x) => x.el)),
  draw: () => controls.forEach((x) => x.draw()),
});

// A slider for trait `key`.
export const slide = (model, key, label, min, max, step) =>
  bound(
    model,
    key,
    slider({ label, value: model.get(key), min, max, step, onChange: (v) => put(model, { [key]: v }) }),
  );

// A switch between the words that trait `key` may be.
export const toggle = (model, key, label, words) =>
  bound(
    model,
    key,
    choice({
      label,
      value: model.get(key),
      options: words.map((word) => [word, word]),
      onChange: (v) => put(model, { [key]: v }),
    }),
  );

// Two steppers for trait `key`, a pair.
export function pair(model, key, label, min, max) {
  const names = ["down", "across"];
  const steps = names.map((name, a) =>
    stepper({
      label: `${label}, ${name}`,
      hide: true,
      value: model.get(key)[a],
      min,
      max,
      onChange: (v) => put(model, { [key]: model.get(key).map((old, b) => (a === b ? v : old)) }),
    }),
  );
  const el = group(`${label} (${names.join(", ")})`, ...steps.map((x) => x.el));
  return { el, draw: () => steps.forEach((x, a) => x.set(model.get(key)[a])) };
}

// Two steppers for the size of trait `key`, a grid; hidden for one above `max`.
export function sizes(model, key, label, max) {
  // The numbers before its last changes, and what these have left: on the way to 10
  // somebody types 1, and a smaller grid that grows again has its numbers back.
  /** @type {(number[][] | null)[]} */
  let [from, left] = [null, null];
  const steps = AXES.map((name, a) =>
    stepper({
      label: `${label} ${name}`,
      hide: true,
      value: 1,
      min: 1,
      max,
      onChange: (v) => {
        const old = model.get(key);
        if (!same(old, left)) from = old;
        left = resized(from ?? old, a ? old.length : v, a ? v : old[0].length);
        put(model, { [key]: left });
      },
    }),
  );
  const el = group(`${label} rows, columns`, ...steps.map((x) => x.el));
  const draw = () => {
    const size = [model.get(key).length, model.get(key)[0].length];
    steps.forEach((x, a) => x.set(size[a]));
    el.hidden = Math.max(...size) > max;
  };
  return { el, draw };
}

// A list of examples [name, …values] for the traits `keys`; `also` says what else a
// choice sets, and `as` how values are compared.
export function examples(model, keys, list, label, { also = (_) => ({}), as = copy } = {}) {
  const control = select({
    label,
    value: "",
    options: [...list.map(([name]) => [name, name]), ["", "your own"]],
    onChange: (name) => {
      const one = list.find((x) => x[0] === name);
      if (!one) return draw(); // "your own" is what is there: nobody can choose it
      const values = Object.fromEntries(keys.map((key, i) => [key, copy(one[i + 1])]));
      put(model, { ...values, ...also(one) });
    },
  });
  const now = () => keys.map((key) => as(model.get(key)));
  const draw = () => control.set(list.find((x) => same(x.slice(1, keys.length + 1).map(as), now()))?.[0] ?? "");
  return { el: control.el, draw };
}

// Writes one number of trait `key`, nested lists: edit(value, …places).
export const editing =
  (model, key) =>
  (value, ...places) => {
    const next = copy(model.get(key));
    const last = places.pop();
    places.reduce((part, i) => part[i], next)[last] = value;
    put(model, { [key]: next });
  };

// ---- the reader's own picture --------------------------------------------------

const LARGEST_FILE = 40e6; // bytes
const LARGEST_PICTURE = 100e6; // pixels
const SMALLEST_SIDE = 8;
const DARK = 64; // of 255

function sizeOf(file) {
  const address = URL.createObjectURL(file);
  return new Promise((done, fail) => {
    const image = new Image();
    image.onload = () => done([image.naturalWidth, image.naturalHeight]);
    image.onerror = fail;
    image.src = address;
  }).finally(() => URL.revokeObjectURL(address));
}

// The middle square of a file's picture with `side` × `side` pixels, as { source, said },
// or an error with one sentence.  It never leaves the machine.
async function squareOf(file, side) {
  const name = file.name ? `“${file.name}”` : "This";
  if (!/^image\//.test(file.type))
    throw new Error(`${name} is not a picture (${file.type || "of no known kind"}). Take a PNG, JPEG or WebP file.`);
  if (file.size > LARGEST_FILE)
    throw new Error(
      `${name} is ${Math.round(file.size / 1e6)} MB. Take a picture of at most ${LARGEST_FILE / 1e6} MB.`,
    );
  const unreadable = () => {
    throw new Error(`${name} cannot be read as a picture. Save it as PNG or JPEG and take that.`);
  };
  const [width, height] = await sizeOf(file).catch(unreadable);
  if (width * height > LARGEST_PICTURE)
    throw new Error(`${name} has ${times(width, height)} pixels. Take a picture of at most 100 million.`);
  const least = Math.min(width, height);
  if (least < SMALLEST_SIDE)
    throw new Error(`${name} has ${times(width, height)} pixels: too few to show anything. Take 8 × 8 or more.`);
  const corner = [Math.floor((width - least) / 2), Math.floor((height - least) / 2)];
  const small = { resizeWidth: side, resizeHeight: side, resizeQuality: /** @type {const} */ ("high") };
  const source = await createImageBitmap(file, corner[0], corner[1], least, least, small).catch(unreadable);
  const moving = /gif|apng/.test(file.type) ? " Only its first frame counts." : "";
  return { source, said: `${times(width, height)} pixels.${moving}` };
}

// take(files), which reads the first of them.  What the reader has asked for last counts:
// a file that is read when another has been given, or something else chosen, is dropped.
//   side         of the square that is made of it
//   chosen()     what is shown
//   use(square)  takes { source, said };  complain(error) says why there is none
export function taker({ side, chosen, use, complain }) {
  let turn = 0;
  const none = "That was not a file. Save the picture as PNG or JPEG and take that.";
  const read = async ([file]) => {
    if (!file) throw new Error(none);
    return squareOf(file, side);
  };
  return async (files) => {
    const [mine, before, count] = [++turn, chosen(), files.length];
    const found = await read(files).catch((error) => error);
    if (mine !== turn || !same(chosen(), before)) return;
    if (found instanceof Error) return complain(found);
    const more = count > 1 ? ` Only the first of ${count} files is taken.` : "";
    use({ ...found, said: found.said + more });
    found.source.close();
  };
}

// A source with `width` × `height` pixels, as { canvas, data }.  What is transparent
// becomes black, or white where what lies on it would not be seen.
export function pixels(source, width, height) {
  const canvas = h("canvas", { width, height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.imageSmoothingQuality = "high";
  const on = (ground) => {
    pen.fillStyle = ground;
    pen.fillRect(0, 0, width, height);
    pen.drawImage(source, 0, 0, width, height);
    return pen.getImageData(0, 0, width, height).data;
  };
  const data = on("black");
  const unseen = data.every((v, at) => at % 4 === 3 || v < DARK);
  return { canvas, data: unseen ? on("white") : data };
}

// Of pixel `at` / 4, from 0 to 1.
export const greyOf = (data, at) => (0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]) / 255;

// `side` × `side` numbers from 0 to 1 in each of `channels` (1: grey, 3: red, green, blue).
function gridsOf(source, side, channels) {
  const { data } = pixels(source, side, side);
  const value = (at, c) => (channels === 1 ? greyOf(data, at) : data[at + c] / 255);
  return make(channels, (c) => table(side, side, (i, j) => Number(value(4 * (i * side + j), c).toFixed(3))));
}

// A button, a place to drop on, and pasting while one of its controls has the focus.
export function ownPicture({ side, channels = 1, chosen, onPicture }) {
  const said = status("d2l-note");
  const take = taker({
    side,
    chosen,
    use({ source, said: words }) {
      onPicture(gridsOf(source, side, channels));
      said.say(`${words} Its middle square, ${times(side, side)}. It stays on this machine.`);
    },
    complain: (error) => said.say(h("span", { class: "d2l-warn" }, error.message)),
  });
  const input = pictureFile("Your own picture", take);
  const el = h(
    "div",
    {
      class: "d2l-control d2l-own",
      ondragover: (event) => event.preventDefault(),
      ondrop: (event) => {
        event.preventDefault();
        take(event.dataTransfer.files);
      },
      onpaste: (event) => take(event.clipboardData.files),
    },
    h("span", { class: "d2l-legend", "aria-hidden": "true" }, "Your own picture (a file; drop or paste)"),
    input,
    said.el,
  );
  return { el, draw() {} };
}

// The button that opens a file.
export function pictureFile(label, take) {
  const input = h("input", {
    type: "file",
    accept: "image/*",
    "aria-label": label,
    class: "d2l-file",
    onchange: async () => {
      if (input.files?.length) await take(input.files); // none: somebody has changed their mind
      input.value = "";
    },
  });
  return input;
}

// ---- drawings ------------------------------------------------------------------

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes))
    if (value !== null && value !== undefined && value !== "") node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// A letter of a formula with its index.
export const it = (letter, index = "") => h("span", {}, h("i", {}, letter), h("sub", {}, index));

// ---- grids ----------------------------------------------------------------

// A grid of numbers or of coloured squares.
//   name      stands as data-grid on the element (the tests read it)
//   label     for screen readers
//   onEdit    (i, j, value): cells are text boxes
//   onSelect  (i, j): cells can be pointed at and focused; one is in the tab order
// Returns { el, show, select, light, cell }.
//   show(values, { pad: [rows, cols], picture, tint, range, kind }): pad = rim that cannot
//     be edited; picture = squares without numbers; tint = "grey" | "signed" | null;
//     range = the numbers that are black and white, where grids are to be compared (by
//     default 0, or the least if it is below, and the largest of this grid);
//     kind(i, j) = extra class of a cell
//   select(i, j): marks the chosen cell without moving the focus; select(null)
//   light(places): places = [[i, j, note], …] lit; the note stands small in the corner
/** @typedef {{ el: HTMLElement, box?: HTMLInputElement, text?: Text, note?: HTMLElement, kind?: string | null,
 *   tint?: string | null, pad: number[], rim: boolean, value: number }} Cell */
const placed = (i, j) => `row ${i + 1}, column ${j + 1}`;
const MANY = 8; // rows or columns, above which the cells are small

/** @param {{ name: string, label: string, onEdit?: ((i: number, j: number, value: number) => void) | null,
 *   onSelect?: ((i: number, j: number) => void) | null }} options */
export function grid({ name, label, onEdit = null, onSelect = null }) {
  const body = h("div", { class: "d2l-grid", role: "grid", "aria-label": label, "data-grid": name });
  const wrong = h("div", { class: "d2l-note", role: "alert" });
  const el = h("div", {}, h("div", { class: "d2l-scroll" }, body), onEdit && wrong);
  /** @type {Cell[][]} */
  let cells = [];
  let layout = "";
  /** @type {Cell[]} */
  let lit = [];
  /** @type {number[] | null} */
  let chosen = null;
  const at = (i, j) => cells[i]?.[j];

  const focus = (i, j) => {
    const target = at(clamp(i, 0, cells.length - 1), clamp(j, 0, cells[0].length - 1));
    (target?.box ?? target?.el)?.focus();
  };
  function move(event, i, j) {
    const last = [cells.length - 1, cells[0].length - 1];
    const box = at(i, j).box;
    // inside a text box, left and right first move the caret, unless all is selected
    const [from, to] = [box?.selectionStart ?? 0, box?.selectionEnd ?? 0];
    const inside = box && (from === to || to - from < box.value.length);
    const edge = (end) => !inside || from === (end ? box.value.length : 0);
    const all = event.ctrlKey || event.metaKey;
    const next = {
      ArrowUp: [i - 1, j],
      ArrowDown: [i + 1, j],
      Enter: box && [i + 1, j],
      ArrowLeft: edge(false) && [i, j - 1],
      ArrowRight: edge(true) && [i, j + 1],
      Home: !box && [all ? 0 : i, 0],
      End: !box && [all ? last[0] : i, last[1]],
    }[event.key];
    if (!next) return;
    event.preventDefault();
    focus(...next);
  }

  function textBox(cell, i, j, place) {
    const box = h("input", {
      type: "text",
      "aria-label": place,
      autocomplete: "off",
      spellcheck: "false",
      onfocus: () => {
        box.value = String(cell.value);
        box.select();
      },
      oninput: () => {
        const value = parse(box.value);
        const bad = !isNumber(value);
        const large = bad && Number.isFinite(value) ? `, at most ${LARGEST.toLocaleString("en")}` : "";
        box.setAttribute("aria-invalid", bad);
        wrong.textContent = bad ? `Write a number, such as −2, 0.5 or 1/3${large}; until then the old one counts.` : "";
        if (!bad) onEdit?.(i - cell.pad[0], j - cell.pad[1], value);
      },
      onblur: () => {
        box.removeAttribute("aria-invalid");
        wrong.textContent = "";
        box.value = brief(cell.value);
      },
    });
    box.tabIndex = -1; // one of them is in the tab order, the arrow keys lead to the others
    return box;
  }
  function build(rows, cols, pad, picture) {
    cells = zeros(rows, cols).map((line, i) =>
      line.map((_, j) => {
        const rim = i < pad[0] || j < pad[1] || i >= rows - pad[0] || j >= cols - pad[1];
        const cell = { pad, rim, value: 0 };
        const place = `${label}, ${placed(i - pad[0], j - pad[1])}`;
        if (onEdit && !rim && !picture) cell.box = textBox(cell, i, j, place);
        else if (!picture) cell.text = document.createTextNode("");
        cell.el = h(
          "div",
          { role: "gridcell", class: `d2l-cell${rim ? " d2l-rim" : ""}`, "data-row": i, "data-col": j },
          cell.box ?? cell.text,
        );
        if (onSelect) cell.el.tabIndex = -1;
        return cell;
      }),
    );
    body.style.setProperty("--cols", cols);
    body.classList.toggle("d2l-picture", picture);
    body.classList.toggle("d2l-many", Math.max(rows, cols) > MANY);
    body.classList.toggle("d2l-pick", Boolean(onSelect));
    body.setAttribute("aria-rowcount", rows);
    body.setAttribute("aria-colcount", cols);
    body.replaceChildren(...cells.map((line) => h("div", { role: "row" }, ...line.map((c) => c.el))));
    lit = [];
    chosen = null;
    enter(cells.flat().find((cell) => cell.box));
  }
  // The tab key comes to this text box.
  function enter(cell) {
    if (!cell?.box) return;
    for (const { box } of cells.flat()) if (box) box.tabIndex = box === cell.box ? 0 : -1;
  }

  const find = (event) => {
    const target = event.target.closest?.("[role=gridcell]");
    return target && body.contains(target) ? [Number(target.dataset.row), Number(target.dataset.col)] : null;
  };
  body.addEventListener("keydown", (event) => {
    const at = find(event);
    if (at) move(event, ...at);
  });
  if (onEdit)
    body.addEventListener("focusin", (event) => {
      const place = find(event);
      if (place) enter(at(place[0], place[1]));
    });
  if (onSelect)
    for (const kind of ["pointerover", "focusin", "click"])
      body.addEventListener(kind, (event) => {
        const at = find(event);
        if (at && !(kind === "pointerover" && event.pointerType === "touch")) onSelect(at[0], at[1]);
      });

  function paint(cell, value, tint, low, high) {
    if (!tint && !cell.tint) return;
    cell.tint = tint;
    const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const grey = clamp(Math.round((255 * (value - low)) / (high - low || 1)), 0, 255);
    const { style, classList } = cell.el;
    style.setProperty("--grey", tint === "grey" ? `rgb(${grey} ${grey} ${grey})` : "");
    style.setProperty("--grey-ink", grey < 117 ? "#fff" : "#000"); // 4.5 : 1 on either side
    style.setProperty("--t", tint === "signed" ? String(Math.abs(value) / size) : "");
    classList.toggle("d2l-grey", tint === "grey");
    classList.toggle("d2l-plus", tint === "signed" && value > 0);
    classList.toggle("d2l-minus", tint === "signed" && value < 0);
  }
  /**
   * @param {number[][]} values
   * @param {{ pad?: number[], picture?: boolean, tint?: string | null, range?: number[] | null,
   *   kind?: ((i: number, j: number) => string | null) | null }} how
   */
  function show(values, { pad = [0, 0], picture = false, tint = null, range = null, kind = null } = {}) {
    const next = [values.length, values[0].length, ...pad, picture].join();
    const held = body.contains(document.activeElement) ? find({ target: document.activeElement }) : null;
    if (next !== layout) build(values.length, values[0].length, pad, picture);
    const flat = values.flat();
    const [low, high] = range ?? [tint === "grey" ? Math.min(0, ...flat) : Math.min(...flat), Math.max(...flat)];
    values.forEach((line, i) =>
      line.forEach((value, j) => {
        const cell = cells[i][j];
        cell.value = value;
        cell.el.dataset.value = String(value);
        if (cell.box && document.activeElement !== cell.box) cell.box.value = brief(value);
        if (cell.text) cell.text.data = brief(value);
        cell.el.classList.toggle("d2l-long", !picture && brief(value).length > 4);
        if (!cell.box && (onSelect || picture))
          cell.el.setAttribute("aria-label", `${cell.rim ? "padding" : placed(i - pad[0], j - pad[1])}: ${fmt(value)}`);
        paint(cell, value, tint, low, high);
        const extra = kind?.(i, j) || null;
        if (cell.kind && cell.kind !== extra) cell.el.classList.remove(cell.kind);
        if (extra) cell.el.classList.add(extra);
        cell.kind = extra;
      }),
    );
    if (next !== layout && held) focus(held[0], held[1]);
    layout = next;
  }
  function select(i, j) {
    const old = chosen && at(chosen[0], chosen[1]);
    old?.el.classList.remove("d2l-chosen");
    old?.el.setAttribute("aria-selected", "false");
    if (old && onSelect) old.el.tabIndex = -1;
    chosen = i === null || !at(i, j) ? null : [i, j];
    const cell = chosen && at(i, j);
    cell?.el.classList.add("d2l-chosen");
    cell?.el.setAttribute("aria-selected", "true");
    if (cell && onSelect) cell.el.tabIndex = 0;
  }
  function light(places) {
    for (const cell of lit) {
      cell.el.classList.remove("d2l-lit");
      cell.note?.remove();
    }
    lit = places.map(([i, j]) => at(i, j)).filter(Boolean);
    for (const [i, j, note] of places) {
      const cell = at(i, j);
      cell?.el.classList.add("d2l-lit");
      if (cell && note && (cell.text || cell.box)) {
        const small = h("span", { class: "d2l-weight", "aria-hidden": "true" }, note);
        cell.el.append(small);
        cell.note = small;
      }
    }
  }
  return { el, show, select, light, cell: at };
}
