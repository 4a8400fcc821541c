// The picture that a network gets: as it is, turned and disturbed, or the reader's own.
import { random } from "./engine.js";
import { button, clamp, greyOf, h, make, pictureFile, pixels, status, taker, times } from "./kit.js";

// ---- numbers of a picture ---------------------------------------------------------

// Numbers in [low, high] as text, 256 greys; and back.
/** @param {Float32Array} data @param {number[]} range */
export function packed(data, [low, high]) {
  const greys = data.map((v) => Math.round((255 * (clamp(v, low, high) - low)) / (high - low)));
  let letters = "";
  for (let at = 0; at < greys.length; at += PIECE) letters += String.fromCharCode(...greys.subarray(at, at + PIECE));
  return btoa(letters);
}
const PIECE = 8192; // arguments of one call; browsers stop it somewhere beyond 65,000
/** @param {string} text @param {number[]} range */
export function unpacked(text, [low, high]) {
  const bytes = atob(text);
  return Float32Array.from(bytes, (letter) => low + ((high - low) * letter.charCodeAt(0)) / 255);
}

/** @typedef {{ noise: number, shift: number[], rotate: number, invert: boolean }} Change */
/** @type {Change} */
export const AS_IT_IS = { noise: 0, shift: [0, 0], rotate: 0, invert: false };

// The picture turned (degrees, to the right), moved (down, right), inverted and with
// noise, always the same for one seed; what comes in from outside is black.
/** @param {Float32Array} data @param {number[]} size @param {Change} change @param {number[]} range */
export function changed(data, [, H, W], { noise, shift, rotate, invert }, [low, high]) {
  const angle = (rotate * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [cy, cx] = [(H - 1) / 2, (W - 1) / 2];
  const draw = random(1);
  const at = (c, i, j) => (i >= 0 && i < H && j >= 0 && j < W ? data[(c * H + i) * W + j] : low);
  const between = (c, y, x) => {
    const [i, j] = [Math.floor(y), Math.floor(x)];
    const [b, a] = [y - i, x - j];
    const upper = a ? (1 - a) * at(c, i, j) + a * at(c, i, j + 1) : at(c, i, j);
    if (!b) return upper;
    return (1 - b) * upper + b * (a ? (1 - a) * at(c, i + 1, j) + a * at(c, i + 1, j + 1) : at(c, i + 1, j));
  };
  // a quarter turn meets the pixels; rounding keeps it from missing them by 1e-16
  const near = (v) => (Math.abs(v - Math.round(v)) < 1e-9 ? Math.round(v) : v);
  return Float32Array.from(data, (_, k) => {
    const c = Math.floor(k / (H * W));
    const [y, x] = [Math.floor(k / W) % H, k % W];
    const [dy, dx] = [y - shift[0] - cy, x - shift[1] - cx];
    let v = between(c, near(cy + cos * dy - sin * dx), near(cx + sin * dy + cos * dx));
    if (invert) v = low + high - v;
    return noise ? clamp(v + noise * (high - low) * (2 * draw() - 1), low, high) : v;
  });
}

// ---- a file of the reader's -------------------------------------------------------

const STEP_SIDE = 112;

// The numbers (C, H, W) in [0, 1] of a square source as a network gets them, and the
// steps on the way there, [caption, canvas].  Whoever has a bright background is turned
// over: the clothes that the networks know lie on black.
export function brought(source, [C, H, W], turn) {
  const first = pixels(source, STEP_SIDE, STEP_SIDE);
  const small = pixels(first.canvas, W, H);
  const greys = make(H * W, (k) => greyOf(small.data, 4 * k));
  const rim = greys.filter((_, k) => k < W || k >= (H - 1) * W || k % W === 0 || k % W === W - 1);
  const bright = rim.reduce((a, b) => a + b, 0) / rim.length > 0.5;
  const over = turn && C === 1 && bright;
  const numbers = Float32Array.from({ length: C * H * W }, (_, k) => {
    const v = C === 1 ? greys[k] : small.data[4 * (k % (H * W)) + Math.floor(k / (H * W))] / 255;
    return over ? 1 - v : v;
  });
  const steps = [["the middle square", first.canvas]];
  if (C === 1) steps.push(["in grey", painted(first, (at) => greyOf(first.data, at))]);
  steps.push([`at ${times(H, W)}`, painted(small, (at) => (C === 1 ? greys[at / 4] : null))]);
  if (over) steps.push(["inverted: bright on black", painted(small, (at) => 1 - greys[at / 4])]);
  return { numbers, steps, over };
}

// A copy of a canvas with the grey that `value(4 · pixel)` gives; null keeps the colour.
function painted({ canvas, data }, value) {
  const copy = h("canvas", { width: canvas.width, height: canvas.height });
  const pen = copy.getContext("2d");
  const image = pen.createImageData(canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4)
    for (let c = 0; c < 4; c++) {
      const v = value(at);
      image.data[at + c] = c === 3 ? 255 : v === null ? data[at + c] : 255 * v;
    }
  pen.putImageData(image, 0, 0);
  return copy;
}

// The reader's own picture from a file, dropped, pasted or from a camera.
//   chosen()            what is shown now
//   onPicture(numbers)  gets (C, H, W) numbers in [0, 1]
// Returns { el, take(files), forget(), stop }.
export function anyPicture({ size, chosen, onPicture, onCamera = () => {} }) {
  const said = status("d2l-note");
  const steps = h("ol", { class: "d2l-net-steps" });
  const privacy = "It is read in this page and never leaves your machine.";
  function use({ source, said: words }) {
    const { numbers, steps: shown } = brought(source, size, true);
    steps.replaceChildren(...shown.map(([text, canvas]) => h("li", {}, canvas, h("span", {}, text))));
    said.say(`${words} Converted to what the network takes, step by step. ${privacy}`);
    onPicture(numbers);
  }
  const complain = (error) => {
    steps.replaceChildren();
    said.say(h("span", { class: "d2l-warn" }, error.message));
  };
  const take = taker({ side: STEP_SIDE, chosen, use, complain });
  const input = pictureFile("Your own picture: a file", take);
  const film = camera({ onFrame: use, onError: complain, onCamera });
  const el = h(
    "div",
    { class: "d2l-control d2l-own" },
    h("span", { class: "d2l-legend", "aria-hidden": "true" }, "Your own picture: a file; or drop or paste one"),
    h("div", { class: "d2l-row" }, input, film.el),
    said.el,
    steps,
  );
  said.say(privacy);
  // Takes the steps away once another picture is shown.
  function forget() {
    if (!steps.childElementCount) return;
    steps.replaceChildren();
    said.say(privacy);
  }
  return { el, take, forget, stop: film.stop };
}

function camera({ onFrame, onError, onCamera }) {
  const video = h("video", {
    class: "d2l-net-video",
    muted: true,
    playsinline: true,
    "aria-label": "What the camera sees",
  });
  /** @type {MediaStream | null} */
  let stream = null;
  const start = button({ label: "Camera", onClick: open });
  const shoot = button({ label: "Take the picture", kind: "d2l-primary", onClick: () => onFrame(frameOf(video)) });
  const end = button({ label: "Camera off", onClick: () => stop(true) });
  const el = h("div", { class: "d2l-row" }, start.el, video, shoot.el, end.el);
  const show = (on) => {
    start.el.hidden = on;
    for (const part of [video, shoot.el, end.el]) part.hidden = !on;
  };
  async function open() {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      onError(new Error("The camera was not allowed, or there is none. A file will do as well."));
      return;
    }
    video.srcObject = stream;
    await video.play();
    show(true);
    shoot.el.focus();
    onCamera();
  }
  function stop(back) {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    show(false);
    if (back === true) start.el.focus();
  }
  show(false);
  el.hidden = !navigator.mediaDevices?.getUserMedia;
  return { el, stop };
}

function frameOf(video) {
  const side = Math.min(video.videoWidth, video.videoHeight);
  const canvas = h("canvas", { width: STEP_SIDE, height: STEP_SIDE });
  const [x, y] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
  canvas.getContext("2d").drawImage(video, x, y, side, side, 0, 0, STEP_SIDE, STEP_SIDE);
  return { source: canvas, said: "From your camera." };
}
