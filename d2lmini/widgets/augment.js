import {
  bound,
  button,
  checkbox,
  clamp,
  fmt,
  grid,
  h,
  lab,
  may,
  panel,
  put,
  slide,
  slider,
  stage,
  status,
  toolbar,
} from "./kit.js";

const REACH = 8; // pixels that a picture can be shifted
const DRAWN = 2; // and that a draw shifts it

// The picture mirrored, shifted with zeros moving in, and brightened, in this order.
function changed(get) {
  const [image, [down, across]] = [get("image"), get("shift")];
  const rows = get("mirror") ? image.map((row) => [...row].reverse()) : image;
  return rows.map((row, i) => row.map((_, j) => clamp((rows[i - down]?.[j - across] ?? 0) * get("light"), 0, 1)));
}

function distance(a, b) {
  const squares = a.flatMap((row, i) => row.map((v, j) => (v - b[i][j]) ** 2));
  return Math.sqrt(squares.reduce((sum, v) => sum + v, 0) / squares.length);
}

function build(model) {
  const get = (key) => model.get(key);
  const shift = (axis, label) => {
    const onChange = (v) => put(model, { shift: get("shift").map((old, a) => (a === axis ? v : old)) });
    const one = slider({ label, value: 0, min: -REACH, max: REACH, onChange });
    return { el: one.el, draw: () => one.set(get("shift")[axis]) };
  };
  const onMirror = (v) => put(model, { mirror: v });
  const tools = toolbar(
    bound(model, "mirror", checkbox({ label: "Mirrored", value: false, onChange: onMirror })),
    shift(0, "Shifted down by"),
    shift(1, "Shifted right by"),
    slide(model, "light", "Light times", 0.5, 1.5, 0.05),
  );
  const whole = () => Math.floor(Math.random() * (2 * DRAWN + 1)) - DRAWN;
  const drawn = () => ({ mirror: Math.random() < 0.5, shift: [whole(), whole()] });
  const next = button({
    label: `Draw a mirror and a shift of up to ${DRAWN}`,
    onClick: () => put(model, drawn()),
  });
  tools.el.append(h("div", { style: "align-self: flex-end" }, next.el));
  const titles = { original: "The picture", changed: "As the network gets it", other: get("other_name") };
  const grids = Object.fromEntries(Object.entries(titles).map(([name, label]) => [name, grid({ name, label })]));
  const panels = Object.entries(titles).map(([name, label]) => panel(label, grids[name].el));
  drag(grids.changed.el, model);
  const words = status("d2l-sum");
  const number = (name, v) => h("b", { "data-number": name, "data-value": v }, fmt(v, 3));

  function draw() {
    const now = changed(get);
    tools.draw();
    const all = { original: get("image"), changed: now, other: get("other") };
    for (const [name, values] of Object.entries(all))
      grids[name].show(values, { picture: true, tint: "grey", range: [0, 1] }); // or no light would be seen
    words.say(
      "Distance from the picture (root mean square over the pixels): as the network gets it ",
      number("distance", distance(get("image"), now)),
      `, ${get("other_name").toLowerCase()} `,
      number("other", distance(get("image"), get("other"))),
      ".",
    );
  }
  const hint = h("div", { class: "d2l-note" }, "Drag the picture in the middle, or use the sliders.");
  return { children: [tools.el, stage(...panels.map((one) => one.el)), hint, words.el], draw };
}

// The picture follows a finger or the mouse in whole pixels.
function drag(el, model) {
  el.style.cssText += "touch-action: none; cursor: grab";
  /** @type {{ x: number, y: number, shift: number[], size: number } | null} */
  let held = null;
  el.addEventListener("pointerdown", (event) => {
    const size = el.querySelector("[role=gridcell]").getBoundingClientRect().width || 1;
    held = { x: event.clientX, y: event.clientY, shift: model.get("shift"), size };
    el.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  el.addEventListener("pointermove", (event) => {
    if (!held) return;
    const { x, y, shift, size } = held;
    const moved = [event.clientY - y, event.clientX - x].map((d) => Math.round(d / size));
    put(model, { shift: shift.map((old, a) => clamp(old + moved[a], -REACH, REACH)) });
  });
  for (const kind of ["pointerup", "pointercancel"]) el.addEventListener(kind, () => (held = null));
}

const STATE = { mirror: may.flag, shift: may.pair(-REACH, REACH), light: may.real(0.5, 1.5) };
export default lab("One picture, and what augmentation makes of it", STATE, build);
