// Maps of numbers on a canvas, to point at; and the picture, to draw on.
import { clamp, h, make, status, uid } from "./kit.js";

export const MOST_MAPS = 64; // of one layer that are drawn
const GAP = 4;
const CELL = 13; // pixels of a number of a vector

// Colours of a figure, which follow its theme; they are asked for once a theme.
const inks = new Map();
function inksOf(el) {
  const theme = el.closest(".d2l")?.dataset.theme ?? "";
  if (!inks.has(theme)) {
    const style = getComputedStyle(el);
    const text = (name) => style.getPropertyValue(name).trim();
    const parts = (name) => [1, 3, 5].map((at) => Number.parseInt(text(name).slice(at, at + 2), 16) || 0);
    const lines = Object.fromEntries(["--bg", "--mark", "--wrong", "--accent"].map((name) => [name, text(name)]));
    inks.set(theme, { plus: parts("--plus"), minus: parts("--minus"), zero: parts("--zero"), ...lines });
  }
  return inks.get(theme);
}

// The extremes of numbers: with negative ones, zero is in the middle.
export function rangeOf(data) {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of data) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  const size = Math.max(-low, high) || 1;
  return low < 0 ? { signed: true, low: -size, high: size } : { signed: false, low: 0, high: high || 1 };
}

// Writes the colours of H × W numbers from `at` on into an image.
function shade(image, data, at, { signed, low, high }, { plus, minus, zero }) {
  for (let k = 0, to = 0; to < image.length; k++, to += 4) {
    const v = data[at + k];
    if (signed) {
      const ink = v > 0 ? plus : minus;
      const t = Math.min(Math.abs(v) / high, 1);
      for (let c = 0; c < 3; c++) image[to + c] = zero[c] + t * (ink[c] - zero[c]);
    } else image[to] = image[to + 1] = image[to + 2] = (255 * (v - low)) / (high - low);
    image[to + 3] = 255;
  }
}

// Draws `count` tiles of H × W numbers, each at `scale`, on a canvas; corner(t) is where.
function paintTiles(canvas, data, [count, H, W], scale, corner, range) {
  const pen = canvas.getContext("2d");
  const scratch = h("canvas", { width: W, height: H });
  const small = scratch.getContext("2d");
  const image = small.createImageData(W, H);
  const ink = inksOf(canvas);
  pen.imageSmoothingEnabled = false;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  for (let t = 0; t < count; t++) {
    shade(image.data, data, t * H * W, range, ink);
    const [x, y] = corner(t);
    small.putImageData(image, 0, 0);
    pen.drawImage(scratch, x, y, W * scale, H * scale);
  }
  return pen;
}

// All maps of one layer.
//   onSelect(place, inward)  hears a click, a tap and the keys; a place is [channel, row, column],
//                  and `inward` says that it was Enter, which asks for what the number is made of;
//                  without it the maps are a picture, to which no key leads
//   keys           the id of the line that says what the keys do
// Returns { el, show, stop }.
//   show(data, [C, H, W], { kept: channels in the data, range, chosen: place or null, box: three intervals or null, silent: [channels] })
export function maps({ label, keys, onSelect }) {
  const canvas = h("canvas", {
    class: "d2l-maps",
    "aria-label": label,
    ...(onSelect
      ? { tabindex: 0, role: "application", "aria-roledescription": "maps", "aria-describedby": keys }
      : { role: "img" }),
  });
  const el = h("div", { class: "d2l-net-maps" }, canvas);
  let width = 0;
  /** @type {any} */
  let now = null;
  // A vector is so many tiles of one number.
  const tiled = ([C, H, W]) => (H * W > 1 && C === 1 && H === 1 ? [W, 1, 1] : [C, H, W]);
  const place = (t, u, v) => (now.vector ? [0, 0, t] : [t, u, v]);
  const tileOf = ([c, u, v]) => (now.vector ? [v, 0, 0] : [c, u, v]);

  function layout(size) {
    const [all, H, W] = tiled(size);
    const vector = H * W === 1 && size[0] === 1 && size[2] > 1;
    const count = Math.min(all, vector ? 1024 : Math.min(MOST_MAPS, now.kept));
    const want = H * W === 1 ? CELL : all <= 8 ? 84 : all <= 32 ? 60 : 44;
    const scale = Math.max(1, Math.min(Math.floor(want / Math.max(H, W)), Math.floor(width / W)));
    const gap = H * W === 1 ? 1 : GAP;
    const most = clamp(Math.floor((width + gap) / (W * scale + gap)), 1, count);
    const rows = Math.ceil(count / most);
    const columns = vector ? most : Math.ceil(count / rows);
    const corner = (t) => [(t % columns) * (W * scale + gap), Math.floor(t / columns) * (H * scale + gap)];
    return { vector, count, H, W, scale, gap, columns, rows, corner };
  }
  function draw() {
    if (!now || !width) return;
    Object.assign(now, layout(now.size));
    const { count, H, W, scale, gap, columns, rows, corner, range } = now;
    const [wide, high] = [columns * (W * scale + gap) - gap, rows * (H * scale + gap) - gap];
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    const pen = paintTiles(canvas, now.data, [count, H, W], scale, corner, range);
    outline(pen);
  }
  function outline(pen) {
    const { scale, corner, H, W, count } = now;
    const ink = inksOf(canvas);
    const frame = (t, [u0, u1], [v0, v1], name, line) => {
      const [x, y] = corner(t);
      const edge = [x + v0 * scale, y + u0 * scale, (v1 - v0 + 1) * scale, (u1 - u0 + 1) * scale];
      for (const [wide, one] of [
        [line + 2, ink["--bg"]],
        [line, ink[name]],
      ]) {
        pen.lineWidth = wide;
        pen.strokeStyle = one;
        pen.strokeRect(edge[0], edge[1], edge[2], edge[3]);
      }
    };
    if (now.box) {
      const [channels, us, vs] = now.box;
      const tiles = now.vector ? vs : channels;
      const all = tiles[1] - tiles[0] + 1 >= count && H * W === 1;
      for (let t = tiles[0]; !all && t <= Math.min(tiles[1], count - 1); t++)
        frame(t, now.vector ? [0, 0] : us, now.vector ? [0, 0] : vs, "--mark", 1.5);
    }
    for (const t of now.silent ?? []) {
      if (t >= count) continue;
      const [x, y] = corner(t);
      pen.lineWidth = 2;
      pen.strokeStyle = ink["--wrong"];
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x + W * scale, y + H * scale);
      pen.moveTo(x + W * scale, y);
      pen.lineTo(x, y + H * scale);
      pen.stroke();
    }
    if (now.chosen) {
      const [t, u, v] = tileOf(now.chosen);
      if (t < count) frame(t, [u, u], [v, v], "--accent", 2.5);
    }
  }
  function pick(event) {
    if (!now) return;
    const box = canvas.getBoundingClientRect();
    const { count, H, W, scale, gap, columns, corner } = now;
    const x = ((event.clientX - box.left) * canvas.width) / box.width;
    const y = ((event.clientY - box.top) * canvas.height) / box.height;
    const column = Math.min(Math.floor(x / (W * scale + gap)), columns - 1);
    const t = Math.floor(y / (H * scale + gap)) * columns + column;
    if (t < 0 || t >= count) return;
    const [left, top] = corner(t);
    const inside = (at, n) => clamp(Math.floor(at / scale), 0, n - 1);
    onSelect(place(t, inside(y - top, H), inside(x - left, W)));
  }
  function move(event) {
    if (!now) return;
    const { count, H, W, columns } = now;
    const [t, u, v] = tileOf(now.chosen ?? place(0, Math.floor(H / 2), Math.floor(W / 2)));
    const flat = H * W === 1;
    const next = {
      ArrowUp: flat ? [t - columns, u, v] : [t, u - 1, v],
      ArrowDown: flat ? [t + columns, u, v] : [t, u + 1, v],
      ArrowLeft: flat ? [t - 1, u, v] : [t, u, v - 1],
      ArrowRight: flat ? [t + 1, u, v] : [t, u, v + 1],
      PageUp: [t - 1, u, v],
      PageDown: [t + 1, u, v],
      Home: flat ? [0, 0, 0] : [t, u, 0],
      End: flat ? [count - 1, 0, 0] : [t, u, W - 1],
      Enter: [t, u, v],
    }[event.key];
    if (!next) return;
    event.preventDefault();
    if (next[0] < 0 || next[0] >= count) return;
    if (event.repeat && event.key === "Enter") return; // it has led there already
    onSelect(place(next[0], clamp(next[1], 0, H - 1), clamp(next[2], 0, W - 1)), event.key === "Enter");
    // what tells of the number may have come to lie over it
    setTimeout(() => canvas.scrollIntoView({ block: "nearest", behavior: "instant" }));
  }
  if (onSelect) {
    canvas.addEventListener("click", pick);
    canvas.addEventListener("keydown", move);
  }
  const sizes = new ResizeObserver(() => {
    const next = Math.floor(el.clientWidth);
    if (next === width) return;
    width = next;
    draw();
  });
  sizes.observe(el);
  function show(data, size, how) {
    now = { data, size, ...how };
    draw();
  }
  return { el, show, draw, stop: () => sizes.disconnect() };
}

// ---- the picture --------------------------------------------------------------------

const BRUSH = 1.1; // pixels, at 28 a side

// Draws a picture, grey or in colour, on a canvas of its size.
export function paintPicture(canvas, data, [C, H, W], [low, high]) {
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(W, H);
  for (let k = 0; k < H * W; k++)
    for (let c = 0; c < 4; c++) {
      const v = data[(C === 3 ? c : 0) * H * W + k];
      image.data[4 * k + c] = c === 3 ? 255 : (255 * (v - low)) / (high - low);
    }
  pen.putImageData(image, 0, 0);
}

// The frame round a box of a picture that lies under it.
export function fieldFrame() {
  const el = h("div", { class: "d2l-net-field", hidden: true });
  function show(box, [, H, W]) {
    el.hidden = !box;
    if (!box) return;
    const [, [u0, u1], [v0, v1]] = box;
    const edges = { top: u0 / H, left: v0 / W, height: (u1 - u0 + 1) / H, width: (v1 - v0 + 1) / W };
    for (const [key, share] of Object.entries(edges)) el.style.setProperty(key, `${100 * share}%`);
  }
  return { el, show };
}

// A picture (C, H, W) to draw on with a mouse, a finger or the keyboard.
//   onPaint(data)  gets the whole picture after each touch of the pen
// Returns { el, show(data, box), pen(value) }; `box` is outlined.
export function pad({ label, size, range, onPaint }) {
  const [C, H, W] = size;
  const [low, high] = range;
  const id = uid();
  const canvas = h("canvas", {
    width: W,
    height: H,
    class: "d2l-net-pad",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "picture to draw on",
    "aria-label": label,
    "aria-describedby": id,
  });
  const keys = h(
    "p",
    { id, class: "d2l-note d2l-net-keys" },
    "Draw on it. By keyboard: arrows move the pen, space draws, Shift + arrow a line.",
  );
  const place = status("d2l-hidden");
  const frame = fieldFrame();
  const nib = h("div", { class: "d2l-net-nib" });
  const el = h("div", { class: "d2l-net-picture" }, canvas, frame.el, nib, place.el);
  let data = new Float32Array(C * H * W);
  let value = high;
  let cursor = [Math.floor(H / 2), Math.floor(W / 2)];
  /** @type {number[] | null} */
  let last = null;
  let due = 0;

  const draw = () => paintPicture(canvas, data, size, range);
  // Paints a soft spot: full within the brush, none a pixel beyond it.
  function spot(y, x) {
    const wide = (BRUSH * Math.max(H, W)) / 28;
    const reach = Math.ceil(wide + 1);
    for (let i = Math.max(0, Math.floor(y - reach)); i <= Math.min(H - 1, y + reach); i++)
      for (let j = Math.max(0, Math.floor(x - reach)); j <= Math.min(W - 1, x + reach); j++) {
        const share = clamp(wide + 1 - Math.hypot(i - y, j - x), 0, 1);
        for (let c = 0; c < C; c++) {
          const k = (c * H + i) * W + j;
          const mixed = data[k] + share * (value - data[k]);
          data[k] = value > low ? Math.max(data[k], mixed) : Math.min(data[k], mixed);
        }
      }
  }
  function stroke(to) {
    const from = last ?? to;
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])));
    data = data.slice();
    for (const s of make(steps, (i) => (i + 1) / steps))
      spot(from[0] + s * (to[0] - from[0]), from[1] + s * (to[1] - from[1]));
    last = to;
    draw();
    due ||= requestAnimationFrame(tell);
  }
  // The network is asked once a frame, however many strokes there were.
  function tell() {
    cancelAnimationFrame(due);
    if (due) onPaint(data);
    due = 0;
  }
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientY - box.top) * H) / box.height - 0.5, ((event.clientX - box.left) * W) / box.width - 0.5];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    last = null;
    stroke(at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) stroke(at(event));
  });
  canvas.addEventListener("pointerup", tell);
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], " ": [0, 0] }[
      event.key
    ];
    if (!step) return;
    event.preventDefault();
    cursor = [clamp(cursor[0] + step[0], 0, H - 1), clamp(cursor[1] + step[1], 0, W - 1)];
    point();
    const inked = event.key === " " || event.shiftKey;
    place.say(
      `row ${cursor[0] + 1}, column ${cursor[1] + 1}${inked ? (value > low ? ", drawn" : ", rubbed out") : ""}`,
    );
    if (inked) {
      last = null;
      stroke(cursor);
      tell();
    }
  });
  function point() {
    nib.style.setProperty("top", `${(100 * (cursor[0] + 0.5)) / H}%`);
    nib.style.setProperty("left", `${(100 * (cursor[1] + 0.5)) / W}%`);
  }
  point();
  function show(next, box) {
    if (!due) data = next; // else the strokes since the last frame would be lost
    frame.show(box, size);
    draw();
  }
  return { el: h("div", {}, el, keys), show, pen: (v) => (value = v) };
}
