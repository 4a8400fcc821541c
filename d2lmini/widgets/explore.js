import { choice, clamp, h, lab, may, parse, put, select, slider, status } from "./kit.js";

const FEW = 4;

// A slider for many numbers, a switch for a few short words, else a list.
function control(model, i) {
  const [name, texts] = model.get("options")[i];
  const label = name[0].toUpperCase() + name.slice(1);
  const change = (at) => put(model, { choice: model.get("choice").map((old, j) => (j === i ? Number(at) : old)) });
  const named = texts.map((text, at) => [String(at), text]);
  const numbers = texts.every((text) => Number.isFinite(parse(text)));
  const one =
    texts.length <= FEW && texts.join("").length <= 32
      ? choice({ label, options: named, value: "0", onChange: change })
      : numbers
        ? slider({ label, min: 0, max: texts.length - 1, value: 0, format: (at) => texts[at], onChange: change })
        : select({ label, options: named, value: "0", onChange: change });
  const slides = numbers && one.el.querySelector("[type=range]");
  return {
    el: one.el,
    draw: () => {
      const at = model.get("choice")[i];
      one.set(slides ? at : String(at));
    },
  };
}

function build(model) {
  const options = model.get("options");
  const controls = options.map((_, i) => control(model, i));
  const image = h("img", { class: "d2l-image" });
  const said = status("d2l-hidden");
  let first = true;
  const draw = () => {
    const at = model.get("choice").map((index, i) => clamp(index, 0, options[i][1].length - 1));
    const place = at.reduce((sum, index, i) => sum * options[i][1].length + index, 0);
    const fresh = model.get("_fresh") ?? [];
    const png = fresh[0] === place ? fresh[1] : model.get("frames")[model.get("places")[place]];
    image.src = `data:image/png;base64,${png}`;
    image.alt = model.get("alts")[place];
    image.dataset.place = place;
    for (const x of controls) x.draw();
    if (!first) said.say(image.alt);
    first = false;
  };
  const tools = h("div", { class: "d2l-controls" }, ...controls.map((x) => x.el));
  return { children: [tools, image, said.el], draw };
}

// One place of each option.
const isChoice = (v, options) =>
  Array.isArray(v) && v.length === options.length && v.every((at, i) => may.whole(0, options[i][1].length - 1)(at));
const STATE = { choice: (v, model) => isChoice(v, model.get("options")) };
export default lab((model) => model.get("title"), STATE, build);
