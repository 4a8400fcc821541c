import { h, lab, put, select, slider, status, times, warning } from "./kit.js";
import { drawingOf, measured } from "./walk_boxes.js";
import { bytes, grouped, memoryIn, tableOf, three } from "./walk_table.js";

const MAIN = { network: "network", size: "size", opened: "opened", mark: "" };
const BESIDE = { network: "beside", size: "beside_size", opened: "beside_opened", mark: "beside." };

const netOf = (data, name) => data.nets.find((one) => one.name === name);

// The size that the network takes, nearest to `size`.
function fitting(data, net, size) {
  const fits = data.sizes.filter((_, i) => !net.walks[i].problem);
  return fits.reduce((best, n) => (Math.abs(n - size) < Math.abs(best - size) ? n : best));
}

function viewOf(model, data, key) {
  const several = data.nets.length > 1,
    names = data.nets.map((one) => one.name);
  const words = status("d2l-sum"),
    alarm = warning();
  const choose = (name) => {
    const net = netOf(data, name);
    const size = net && { [key.size]: fitting(data, net, model.get(key.size)) };
    put(model, { [key.network]: name, [key.opened]: [], ...size });
  };
  const pick = select({
    label: key === MAIN ? "Network" : "Beside it",
    options: [...(key === MAIN ? [] : [["", "none"]]), ...names.map((name) => [name, name])],
    value: model.get(key.network),
    onChange: choose,
  });
  const control = slider({
    label: key === MAIN ? "Input size" : "Its input size",
    value: 0,
    min: 0,
    max: data.sizes.length - 1,
    format: (i) => times(data.sizes[i], data.sizes[i]),
    onChange: (i) => put(model, { [key.size]: data.sizes[i] }),
  });
  const place = h("div", {});
  const el = h(
    "div",
    { class: "d2l-walk-view" },
    h("div", { class: "d2l-controls" }, several && pick.el, control.el),
    alarm.el,
    words.el,
    place,
  );
  // The parts for one network; they are made when it is chosen.
  function made(net) {
    const table = tableOf(model, net, key);
    if (!several) return { net, table, boxes: null, all: [table.el] };
    const boxes = drawingOf(net, key.mark);
    const drawer = h("details", {}, h("summary", {}, `${net.name}, layer by layer`), table.el);
    return { net, table, boxes, all: [boxes.el, drawer] };
  }
  /** @type {any} */
  let parts = {};
  // What is chosen now; null for none.
  function chosen() {
    const found = netOf(data, model.get(key.network)),
      size = model.get(key.size);
    return found ? { net: found, size, walk: found.walks[data.sizes.indexOf(size)] } : null;
  }
  function draw(scale) {
    const now = chosen();
    pick.set(model.get(key.network));
    control.el.hidden = place.hidden = !now;
    [alarm.el, words.el].forEach((one) => (one.hidden = !now));
    if (!now) return;
    const { net, walk, size } = now;
    if (net !== parts.net) {
      parts = made(net);
      place.replaceChildren(...parts.all);
    }
    control.set(data.sizes.indexOf(size));
    alarm.say(walk.problem);
    words.el.hidden = Boolean(walk.problem);
    words.say(
      h(
        "span",
        { "data-sum": "", "data-value": walk.work },
        `${net.name} on one ${times(size, size)} image: `,
        h("b", {}, grouped(net.parameters)),
        " parameters, ",
        h("b", {}, grouped(walk.work)),
        " multiply–adds, ",
        h("b", {}, bytes(memoryIn(net, walk))),
        " of outputs.",
      ),
    );
    parts.table.draw(walk, data.channels, size);
    parts.boxes?.draw(walk, scale);
  }
  return { el, chosen, draw };
}

// How many times as much the second network has and does.
/** @param {any[]} _ */
function compared([first, second]) {
  if (!first || !second || first.walk.problem || second.walk.problem) return "";
  const ratio = (a, b, what, equal) => (a === b ? equal : `${three(b / a)} times the ${what}`);
  const size = ratio(first.net.parameters, second.net.parameters, "parameters of", "as many parameters as");
  const work = ratio(first.walk.work, second.walk.work, "work", "the same work");
  return `${second.net.name} has ${size} ${first.net.name} and does ${work}.`;
}

const NOTE =
  "Memory: the output for one image, as float32 (4 bytes per number). Field: the input pixels, padding included, that can change one place of the output; ? if that is not known. ";
const IN_TABLE =
  "Bars and percentages: share of the network's total. Blocks at the left: the side of the feature map, compared with the image's; a dot has no side.";
const IN_BOXES =
  "A box is as high as the side of its maps and as wide as the root of their number, on one scale for both networks; a vector has a side of 1. Orange boxes are dense layers, grey ones pooling, and a thick edge marks a block of several layers. Below a box: its share of the network's parameters, and of its multiply–adds.";

function build(model) {
  const data = model.get("data"),
    several = data.nets.length > 1;
  const views = [MAIN, ...(several ? [BESIDE] : [])].map((key) => viewOf(model, data, key));
  const words = status("d2l-sum");
  function draw() {
    const shown = views.map((view) => view.chosen());
    const taken = shown.flatMap((one) => (one ? [measured(one.net, one.walk)] : []));
    const most = (key) => Math.max(...taken.map((one) => one[key]));
    const scale = { side: most("side"), roots: most("roots") };
    views.forEach((view) => view.draw(scale));
    const sentence = compared(shown);
    words.el.hidden = !sentence;
    words.say(sentence);
  }
  const note = h("p", { class: "d2l-note", style: "max-width: 62rem" }, `${several ? IN_BOXES : IN_TABLE} ${NOTE}`);
  return { children: [...views.map((view) => view.el), words.el, note], draw };
}

const isOpened = (v, model) =>
  Array.isArray(v) &&
  v.every((name) => model.get("data").nets.some((net) => net.layers.some(([depth, own]) => !depth && own === name)));
const isNet = (v, model) => model.get("data").nets.some(({ name }) => name === v);
const isSize = (v, model) => model.get("data").sizes.includes(v);
const STATE = {
  network: isNet,
  size: isSize,
  opened: isOpened,
  beside: (v, model) => v === "" || isNet(v, model),
  beside_size: isSize,
  beside_opened: isOpened,
};
const title = (model) => {
  const { nets } = model.get("data");
  return nets.length > 1 ? "Networks in proportion" : `Shape walk: ${nets[0].name}`;
};
export default lab(title, STATE, build);
