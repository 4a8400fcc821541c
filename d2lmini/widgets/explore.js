import { choice, frame, h, parse, put, select, slider, status, watch } from "./kit.js";

const FEW = 4;

// A slider for many numbers, a switch for a few short words, else a list.
function control(model, i) {
  const [label, texts] = model.get("options")[i];
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

function render({ model, el }) {
  const options = model.get("options");
  const controls = options.map((_, i) => control(model, i));
  const image = h("img", { class: "d2l-image" });
  const said = status("d2l-hidden");
  let first = true;
  const draw = () => {
    const at = model.get("choice");
    const place = at.reduce((sum, index, i) => sum * options[i][1].length + index, 0);
    const fresh = model.get("_fresh") ?? [];
    const png = fresh[0] === place ? fresh[1] : model.get("frames")[model.get("places")[place]];
    image.src = `data:image/png;base64,${png}`;
    image.alt = model.get("alts")[place];
    image.dataset.place = place;
    controls.forEach((x) => x.draw());
    if (!first) said.say(image.alt);
    first = false;
  };
  const { stop } = frame(
    el,
    model.get("title"),
    h("div", { class: "d2l-controls" }, ...controls.map((x) => x.el)),
    image,
    said.el,
  );
  const forget = watch(model, draw);
  return () => {
    forget();
    stop();
  };
}

export default { render };
