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

// A number for people: at most `digits` decimals, a true minus sign, no −0.
export function fmt(value, digits = 2) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = size && size < 0.5 * 10 ** -digits ? value.toExponential(1) : String(Number(value.toFixed(digits)));
  return (text === "-0" ? "0" : text).replaceAll("-", "−");
}

// What fits into a cell: a number that would need an exponent is nearly zero.
const brief = (value) => (value && Math.abs(value) < 0.005 ? "≈0" : fmt(value));

// 3·2, with brackets round what is negative: 3·(−2)
const bracket = (value, digits) => (value < 0 ? `(${fmt(value, digits)})` : fmt(value, digits));
export const term = (a, b, digits = 2) => `${bracket(a, digits)}·${bracket(b, digits)}`;

// 0·0 + 1·1 + 3·2 + 4·3 from [[0, 0], [1, 1], [3, 2], [4, 3]]
export const sumText = (pairs, digits = 2) => pairs.map(([a, b]) => term(a, b, digits)).join(" + ");

// What a person types as a number: 2, −0.5, 0,5 or 1/9.  NaN when it is none.
export function parse(text) {
  const plain = text.trim().replaceAll("−", "-").replace(",", ".");
  const match = /^([-+]?\d*\.?\d+(?:e[-+]?\d+)?|[-+]?\d+\.)(?:\/(\d*\.?\d+))?$/i.exec(plain);
  return match ? Number(match[1]) / Number(match[2] ?? 1) : NaN;
}

export const copy = (value) => JSON.parse(JSON.stringify(value));
export const zeros = (rows, cols) => Array.from({ length: rows }, () => Array(cols).fill(0));
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const times = (rows, cols) => `${rows} × ${cols}`;

// The grid with `rows` and `cols` zeros added on each side.
export function padded(grid, [rows, cols], fill = 0) {
  const out = Array.from({ length: grid.length + 2 * rows }, () => Array(grid[0].length + 2 * cols).fill(fill));
  grid.forEach((row, i) => row.forEach((v, j) => (out[i + rows][j + cols] = v)));
  return out;
}

// The same grid in another size: old numbers stay, new places are zero.
export const resized = (grid, rows, cols) => zeros(rows, cols).map((row, i) => row.map((_, j) => grid[i]?.[j] ?? 0));

// ---- state ----------------------------------------------------------------

// Sets several traits and saves them at once.
export function put(model, changes) {
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

function isDark() {
  for (const name of ["data-theme", "theme"]) {
    const page = document.documentElement.getAttribute(name);
    if (page === "dark" || page === "light") return page === "dark";
  }
  const lab = document.body.dataset.jpThemeLight;
  if (lab) return lab === "false";
  const code = document.body.className.match(/vscode-(dark|light|high-contrast(-light)?)/);
  if (code) return !code[0].includes("light");
  if (globalThis.google?.colab) return false;
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

// The root of a figure inside `el`; follows the page's theme.
// Returns { root, stop }.
export function frame(el, title, ...children) {
  const root = h(
    "section",
    { class: "d2l", role: "group", "aria-label": title },
    h("p", { class: "d2l-title", "aria-hidden": "true" }, title),
    ...children,
  );
  const paint = () => (root.dataset.theme = isDark() ? "dark" : "light");
  const seen = new MutationObserver(paint);
  const options = { attributes: true, attributeFilter: ["data-theme", "theme", "class", "data-jp-theme-light"] };
  seen.observe(document.documentElement, options);
  seen.observe(document.body, options);
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", paint);
  paint();
  el.append(root);
  return {
    root,
    stop: () => {
      seen.disconnect();
      media.removeEventListener("change", paint);
    },
  };
}

const mark = Math.random().toString(36).slice(2, 8);
let count = 0;
export const uid = () => `d2l-${mark}-${++count}`;

export const row = (...children) => h("div", { class: "d2l-row" }, ...children);
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

// A visible line of text that screen readers hear when it changes.
// Returns { el, say(text or nodes…), quiet(bool) }.
export function status(kind = "") {
  const el = h("div", { class: `d2l-status ${kind}`, role: "status", "aria-live": "polite" });
  return {
    el,
    say: (...parts) => el.replaceChildren(...parts),
    quiet: (yes) => el.setAttribute("aria-live", yes ? "off" : "polite"),
  };
}

// ---- controls: each returns { el, set(value) } ----------------------------

export function button({ label, text = label, onClick, kind = "" }) {
  const el = h(
    "button",
    { type: "button", class: `d2l-button ${kind}`, "aria-label": text === label ? null : label, onclick: onClick },
    text,
  );
  return { el, set: (value) => (el.textContent = value), enable: (yes) => (el.disabled = !yes) };
}

// A whole number with − and + beside it.
export function stepper({ label, value, min, max, onChange, hide = false }) {
  let now = value;
  const input = h("input", {
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
  const step = (by, text, name) =>
    h(
      "button",
      {
        type: "button",
        tabindex: -1,
        "aria-label": `${name} ${label}`,
        onclick: () => change(now + by),
      },
      text,
    );
  const less = step(-1, "−", "less");
  const more = step(1, "+", "more");
  function set(next) {
    now = next;
    if (Number(input.value) !== next) input.value = next;
    less.disabled = now <= min;
    more.disabled = now >= max;
  }
  function change(next, typing = false) {
    if (typing && (next < min || next > max)) return;
    set(clamp(next, min, max));
    onChange(now);
  }
  set(value);
  const el = h(
    "label",
    { class: "d2l-control" },
    hide ? null : h("span", {}, label),
    h("span", { class: "d2l-stepper" }, less, input, more),
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
  return { el: h("label", { class: "d2l-control" }, h("span", {}, label, " ", out), input), set };
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

// Step back, play, step on through `count()` places.  Whoever asks the system for
// less motion gets the steps and no play button.
// Returns { el, stop }; `onPlay(bool)` tells when it starts and stops by itself.
export function player({ what, count, get, set, onPlay = () => {}, interval = 900 }) {
  let timer = null;
  const go = (by) => {
    const n = count();
    if (n) set((get() + by + n) % n);
  };
  const play = button({ label: "Play", kind: "d2l-primary", onClick: () => (timer ? stop() : start()) });
  function stop() {
    if (!timer) return;
    clearInterval(timer);
    timer = null;
    play.set("▶ Play");
    onPlay(false);
  }
  function start() {
    if (get() >= count() - 1) set(0);
    timer = setInterval(() => {
      if (!el.isConnected || get() >= count() - 1) stop();
      else go(1);
    }, interval);
    play.set("❚❚ Pause");
    onPlay(true);
  }
  play.set("▶ Play");
  play.el.removeAttribute("aria-label");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const el = h(
    "div",
    { class: "d2l-player", role: "group", "aria-label": `Step through ${what}` },
    button({
      label: `Previous`,
      text: "‹ Back",
      onClick: () => {
        stop();
        go(-1);
      },
    }).el,
    still ? null : play.el,
    button({
      label: `Next`,
      text: "Step ›",
      onClick: () => {
        stop();
        go(1);
      },
    }).el,
  );
  return { el, stop };
}

// ---- grids ----------------------------------------------------------------

// A grid of numbers or of coloured squares.
//   name      stands as data-grid on the element (the tests read it)
//   label     for screen readers
//   onEdit    (i, j, value): cells are text boxes
//   onSelect  (i, j): cells can be pointed at and focused; one is in the tab order
// Returns { el, show, select, light, cell }.
//   show(values, { pad: [rows, cols], picture, tint, kind }): pad = rim that cannot
//     be edited; picture = squares without numbers; tint = "grey" | "signed" | null;
//     kind(i, j) = extra class of a cell
//   select(i, j): marks the chosen cell without moving the focus; select(null)
//   light(places): places = [[i, j, note], …] lit; the note stands small in the corner
export function grid({ name, label, onEdit = null, onSelect = null }) {
  const body = h("div", { class: "d2l-grid", role: "grid", "aria-label": label, "data-grid": name });
  const el = h("div", { class: "d2l-scroll" }, body);
  let cells = [];
  let layout = "";
  let lit = [];
  let chosen = null;
  const at = (i, j) => cells[i]?.[j];

  const focus = (i, j) => {
    const target = at(clamp(i, 0, cells.length - 1), clamp(j, 0, cells[0].length - 1));
    (target?.box ?? target?.el)?.focus();
  };
  function move(event, i, j) {
    const last = [cells.length - 1, cells[0].length - 1];
    const box = at(i, j).box;
    // inside a text box, left and right first move the caret
    const inside =
      box && box.selectionStart !== box.selectionEnd ? box.selectionEnd - box.selectionStart < box.value.length : box;
    const edge = (end) => !inside || box.selectionStart === (end ? box.value.length : 0);
    const all = event.ctrlKey || event.metaKey;
    const to = {
      ArrowUp: [i - 1, j],
      ArrowDown: [i + 1, j],
      Enter: box && [i + 1, j],
      ArrowLeft: edge(false) && [i, j - 1],
      ArrowRight: edge(true) && [i, j + 1],
      Home: !box && [all ? 0 : i, 0],
      End: !box && [all ? last[0] : i, last[1]],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    focus(...to);
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
        const wrong = !Number.isFinite(value);
        box.setAttribute("aria-invalid", wrong);
        if (!wrong) onEdit(i - cell.pad[0], j - cell.pad[1], value);
      },
      onblur: () => {
        box.removeAttribute("aria-invalid");
        box.value = fmt(cell.value);
      },
    });
    return box;
  }
  function build(rows, cols, pad, picture) {
    cells = zeros(rows, cols).map((line, i) =>
      line.map((_, j) => {
        const rim = i < pad[0] || j < pad[1] || i >= rows - pad[0] || j >= cols - pad[1];
        const cell = { pad, rim, value: 0 };
        const place = `${label}, row ${i - pad[0] + 1}, column ${j - pad[1] + 1}`;
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
    body.classList.toggle("d2l-pick", Boolean(onSelect));
    body.setAttribute("aria-rowcount", rows);
    body.setAttribute("aria-colcount", cols);
    body.replaceChildren(...cells.map((line) => h("div", { role: "row" }, ...line.map((c) => c.el))));
    lit = [];
    chosen = null;
  }

  const find = (event) => {
    const target = event.target.closest?.("[role=gridcell]");
    return target && body.contains(target) ? [Number(target.dataset.row), Number(target.dataset.col)] : null;
  };
  body.addEventListener("keydown", (event) => {
    const at = find(event);
    if (at) move(event, ...at);
  });
  if (onSelect)
    for (const kind of ["pointerover", "focusin", "click"])
      body.addEventListener(kind, (event) => {
        const at = find(event);
        if (at && !(kind === "pointerover" && event.pointerType === "touch")) onSelect(...at);
      });

  function paint(cell, value, tint, low, high) {
    if (!tint && !cell.tint) return;
    cell.tint = tint;
    const style = cell.el.style;
    const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const grey = Math.round((255 * (value - low)) / (high - low || 1));
    style.background = tint === "grey" ? `rgb(${grey} ${grey} ${grey})` : "";
    style.setProperty("--t", tint === "signed" ? `${Math.round((Math.abs(value) / size) * 100)}%` : "");
    cell.el.classList.toggle("d2l-plus", tint === "signed" && value > 0);
    cell.el.classList.toggle("d2l-minus", tint === "signed" && value < 0);
  }
  function show(values, { pad = [0, 0], picture = false, tint = null, kind = null } = {}) {
    const next = [values.length, values[0].length, ...pad, picture].join();
    const held = body.contains(document.activeElement) ? find({ target: document.activeElement }) : null;
    if (next !== layout) build(values.length, values[0].length, pad, picture);
    const flat = values.flat();
    const low = tint === "grey" ? Math.min(0, ...flat) : Math.min(...flat);
    const high = Math.max(...flat);
    values.forEach((line, i) =>
      line.forEach((value, j) => {
        const cell = cells[i][j];
        cell.value = value;
        cell.el.dataset.value = value;
        if (cell.box && document.activeElement !== cell.box) cell.box.value = fmt(value);
        if (cell.text) cell.text.data = brief(value);
        if (!cell.box && (onSelect || picture))
          cell.el.setAttribute("aria-label", `row ${i - pad[0] + 1}, column ${j - pad[1] + 1}: ${fmt(value)}`);
        paint(cell, value, tint, low, high);
        const extra = kind?.(i, j) || null;
        if (cell.kind && cell.kind !== extra) cell.el.classList.remove(cell.kind);
        if (extra) cell.el.classList.add(extra);
        cell.kind = extra;
      }),
    );
    if (next !== layout && held) focus(...held);
    layout = next;
  }
  function select(i, j) {
    const old = chosen && at(...chosen);
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
        cell.note = h("span", { class: "d2l-weight", "aria-hidden": "true" }, note);
        cell.el.append(cell.note);
      }
    }
  }
  return { el, show, select, light, cell: at };
}
