// Look inside a network: its maps, numbers and answers for any picture, in the page.
import { Network, numbers, tensor } from "./engine.js";
import { clamp, fmt, h, lab, may, percent, plural, put, same, status, uid } from "./kit.js";
import { scanner, stretch } from "./network_breaks.js";
import { controlsOf, MOST_SHIFT, SLIDERS } from "./network_controls.js";
import { inspector, titles } from "./network_inspect.js";
import { pad } from "./network_maps.js";
import { AS_IT_IS, anyPicture, changed, packed, unpacked } from "./network_picture.js";
import { isLive, loaded, netOf, othersOf, UNTOUCHED } from "./network_shelf.js";
import { answers, MOST_STRIPS, strips } from "./network_strips.js";
import { tour, tourOf } from "./network_tour.js";
import { fields, spread, valueAt } from "./network_view.js";

const MOST_SCANNED = 20; // layers of a network whose breaking points are looked for
const QUIET = 300; // ms without a change before that is done
const SLICE = 20; // ms of computing before the page gets its turn

const whole = (v) => Number.isInteger(v) && v >= 0 && v < 1e6;
const STATE = {
  picture: (v, model) => Number.isInteger(v) && v >= -1 && v < model.get("pictures").shape[0],
  drawing: (v, model) => typeof v === "string" && (v === "" || isPicture(v, model)),
  noise: may.real(0, 1),
  shift: (v) => Array.isArray(v) && v.length === 2 && v.every((x) => Number.isInteger(x) && Math.abs(x) <= MOST_SHIFT),
  rotate: may.real(-180, 180),
  invert: may.flag,
  silenced: (v) => isList(v, 2),
  edits: (v) => Array.isArray(v) && v.length <= 500 && v.every((e) => isEdit(e)),
  selected: (v) => Array.isArray(v) && (v.length === 0 || (v.length === 4 && v.every(whole))),
  source: whole,
  network: (v, model) => model.get("nets").some(({ id }) => id === v),
  other: (v, model) => othersOf(model).some(([value]) => value === v),
  tour: may.whole(0, 8),
  every: may.flag,
};
const isList = (v, n) =>
  Array.isArray(v) && v.length <= 500 && v.every((x) => Array.isArray(x) && x.length === n && x.every(whole));
const isEdit = (e) => Array.isArray(e) && e.length === 3 && whole(e[0]) && whole(e[1]) && may.number(e[2]);
function isPicture(text, model) {
  try {
    return (
      atob(text).length ===
      model
        .get("pictures")
        .shape.slice(1)
        .reduce((a, b) => a * b, 1)
    );
  } catch {
    return false;
  }
}
// ---- one network and one picture --------------------------------------------------------

// Computes in slices; a later call drops an earlier one.  done(values) is called at once
// where everything fits into the first slice.
function passing(done) {
  let turn = 0;
  return {
    stop: () => turn++,
    run(network, X, alter) {
      const mine = ++turn;
      const steps = network.steps(X, { alter });
      function go() {
        if (mine !== turn) return;
        const start = performance.now();
        let step = steps.next();
        while (!step.done && performance.now() - start < SLICE) step = steps.next();
        if (step.done) done(step.value);
        else setTimeout(go);
      }
      go();
    },
  };
}

// A network with what the reader has done to it.
function touched(network) {
  const first = network.parameters.map(({ value }) => value.slice());
  return {
    network,
    // those of `edits` that change something
    changes: (edits) =>
      edits.filter(([node, index, value]) => {
        const weights = first[network.parameters.indexOf(network.layers[node]?.weight)];
        return weights && index < weights.length && Math.fround(value) !== weights[index];
      }),
    edit(edits) {
      network.parameters.forEach((one, p) => one.value.set(first[p]));
      for (const [node, index, value] of edits) {
        const weights = network.layers[node]?.weight?.value;
        if (weights && index < weights.length) weights[index] = value;
      }
    },
  };
}

const silencer = (silenced) => (i, Y) => {
  for (const [node, channel] of silenced)
    if (node === i) {
      const [C, H, W] = spread(Y.shape);
      const flat = Y.shape.length === 2;
      if (flat) Y.data[channel] = 0;
      else if (channel < C) Y.data.fill(0, channel * H * W, (channel + 1) * H * W);
    }
};

// ---- the figure ----------------------------------------------------------------------------

function build(model) {
  const get = (key) => model.get(key);
  const short = get("form") === "short";
  const pictures = get("pictures");
  const { shape, low, high } = pictures;
  const size = shape.slice(1);
  const range = [low, high];
  const count = size.reduce((a, b) => a * b, 1);
  const all = pictures.bits === 8 ? unpacked(pictures.base64, range) : numbers(pictures);
  const base = (i) => all.slice(i * count, (i + 1) * count);
  const own = () => (get("picture") < 0 && get("drawing") ? unpacked(get("drawing"), range) : null);
  const shown = () => own() ?? base(clamp(get("picture"), 0, shape[0] - 1));
  const change = () => ({ noise: get("noise"), shift: get("shift"), rotate: get("rotate"), invert: get("invert") });
  const classes = get("classes");

  const keys = h(
    "p",
    { id: uid(), class: "d2l-note d2l-net-keys" },
    "In the maps by keyboard: arrows choose a number, Page Up and Page Down another map; Enter leads to what the number is made of, Escape back.",
  );
  // what is shown on either side: { id, network, nodes, outputOf, X }
  /** @type {any[]} */
  const sides = [0, 1].map((side) => {
    const here = { side, id: "", network: null, nodes: [], touched: null, X: null, next: null, values: null, key: "" };
    // nothing can be chosen in the short form, which has no panel, nor in what stands beside
    const view = strips({ short, keys: keys.id, onSelect: short || side ? null : select4 });
    const bars = answers(classes);
    const pass = passing((values) => {
      Object.assign(here, { values, X: here.next });
      paintSoon();
    });
    return Object.assign(here, { view, bars, pass });
  });
  const [main, beside] = sides;
  function select4(i, place, inward = false) {
    put(model, { selected: [i, ...place] });
    if (inward) setTimeout(inspect.enter); // when it is drawn
  }

  const picture = pad({
    label: "The picture",
    size,
    range,
    onPaint: (data) =>
      put(model, { picture: -1, drawing: packed(data, range), noise: 0, shift: [0, 0], rotate: 0, invert: false }),
  });
  const mine = anyPicture({
    size,
    chosen: () => [get("picture"), get("drawing")],
    onPicture: (data) =>
      put(model, {
        picture: -1,
        drawing: packed(
          data.map((v) => low + (high - low) * v),
          range,
        ),
        invert: false,
      }),
  });
  const inspect = inspector({
    source: (k) => put(model, { source: k }),
    edit: (i, index, value) => put(model, { edits: edited(get("edits"), [[i, index, value]]) }),
    zero: (i, start, n) =>
      put(model, {
        edits: edited(
          get("edits"),
          Array.from({ length: n }, (_, k) => [i, start + k, 0]),
        ),
      }),
    close() {
      back();
      put(model, { selected: [] });
    },
    silence(i, channel) {
      const rest = get("silenced").filter((one) => !same(one, [i, channel]));
      put(model, { silenced: rest.length < get("silenced").length ? rest : [...rest, [i, channel]] });
    },
  });
  const back = () => main.view.part(get("selected")[0])?.querySelector("canvas")?.focus({ preventScroll: true });
  // Escape leads out of what has the focus: the tour, the parts of a number, the number.
  function leave(event) {
    if (event.key !== "Escape") return;
    if (event.target.closest(".d2l-net-tour")) put(model, { tour: 0 });
    else if (inspect.el.contains(event.target)) back();
    else if (get("selected").length) inspect.close();
  }
  const guide = tour({
    go(n) {
      put(model, { tour: n, ...(n && steps[n - 1]?.set ? steps[n - 1].set : {}) });
      if (n) setTimeout(() => partOf(n)?.scrollIntoView({ block: "center", behavior: "instant" }));
    },
  });
  /** @type {any[]} */
  let steps = [];
  const scan = scanner();
  let scanned = "";
  const problem = status();
  const verdict = status("d2l-net-verdict");
  const controls = controlsOf(model, { base, picture, high, low });

  // -- which networks --
  function settle(here, id) {
    if (here.id === id && (here.nodes.length || !netOf(model, id).net)) return;
    here.pass.stop(); // what it still computes is of another network
    Object.assign(here, { id, network: null, values: null, nodes: [], key: "" });
    const { net, maps: made } = netOf(model, id);
    if (net) place(here, net.nodes, new Network(net));
    else if (made) place(here, made.nodes, null);
    else fetchOf(here, id);
  }
  async function fetchOf(here, id) {
    const { title } = netOf(model, id);
    problem.say(`${title} is being fetched.`);
    if (isLive(model)) return put(model, { asked: `net:${id}` }); // the kernel adds it
    try {
      const net = await loaded(id);
      if (here.id !== id) return;
      place(here, net.nodes, new Network(net));
      update();
    } catch {
      problem.say(
        h(
          "span",
          { class: "d2l-warn" },
          `${title} could not be fetched: its file beside this page is missing or damaged.`,
        ),
      );
    }
  }
  function place(here, nodes, network) {
    here.nodes = nodes;
    here.network = network;
    here.touched = network && touched(network);
    here.view.build(nodes, get("every"));
    problem.say();
  }

  // -- what runs --
  const otherOf = () => (STATE.other(get("other"), model) ? get("other") : "").split(":");
  function update() {
    const [kind, ...rest] = otherOf();
    const which = rest.join(":"); // a name may hold the sign
    settle(main, get("network"));
    if (kind === "net") settle(beside, which);
    else if (kind) settle(beside, get("network"));
    else beside.id = "";
    const data = shown();
    const X = changed(data, size, change(), range);
    feed(main, X, get("edits"), get("silenced"));
    paintSoon();
    if (!kind) return;
    const second =
      kind === "picture" ? changed(base(Number(which)), size, change(), range) : kind === UNTOUCHED ? data : X;
    const with_ = kind === "picture" ? [get("edits"), get("silenced")] : [[], []];
    feed(beside, second, with_[0], with_[1]);
  }
  function feed(here, X, edits, silenced) {
    here.next = tensor([1, ...size], X);
    if (!here.network) return mapped(here);
    const key = JSON.stringify([here.id, edits, silenced, packed(X, range), get("noise")]);
    if (key === here.key) return;
    here.key = key;
    here.touched.edit(edits);
    here.pass.run(here.network, here.next, silencer(silenced));
  }

  // A network that only the kernel can run: what it has sent, and a question for more.
  function mapped(here) {
    const { maps: sent } = netOf(model, here.id);
    here.X = here.next;
    if (!sent) return;
    const wanted = packed(here.X.data, range);
    if (here === beside && here.id === main.id && wanted !== packed(main.next.data, range)) {
      Object.assign(here, { values: null, key: "" });
      return problem.say("With a network that the kernel computes, one picture can be seen at a time.");
    }
    if (here.key !== sent.of && (wanted === sent.of || isLive(model))) {
      here.key = sent.of;
      here.values = sent.values.map((Y) => ({ ...Y, data: numbers(Y) }));
    }
    if (wanted !== sent.of && isLive(model)) put(model, { asked: `X:${here.id}:${wanted}` });
    const stale = wanted !== sent.of && !isLive(model);
    if (stale) Object.assign(here, { values: null, key: "" });
    problem.say(stale ? "This network needs its kernel: run the cell, and it answers for other pictures too." : "");
  }
  // Where each disturbance alone would change the answer to the undisturbed picture.
  function scanAll() {
    const { network, values } = main;
    if (short || !network || !values || network.layers.length > MOST_SCANNED) return;
    if (values[values.length - 1].shape.length !== 2) return;
    const key = JSON.stringify([main.id, get("picture"), get("drawing"), get("edits"), get("silenced")]);
    if (key === scanned) return;
    scanned = key;
    const data = shown();
    const alter = silencer(get("silenced"));
    const best = (change) => {
      const { data: out } = network.forward(tensor([1, ...size], changed(data, size, change, range)), { alter });
      return out.indexOf(Math.max(...out));
    };
    for (const one of Object.values(controls.broken)) one.draw(null);
    const first = best(AS_IT_IS);
    if (first < 0) return; // no numbers, no answer
    const only = (name, v) => (name === "noise" || name === "rotate" ? { [name]: v } : { shift: shiftOf(name, v) });
    scan.run(
      SLIDERS,
      (name, v) => best({ ...AS_IT_IS, ...only(name, v) }) === first,
      (name, tried, kept) => {
        const { said, step } = SLIDERS.find((one) => one.key === name) ?? { said: fmt, step: 0 };
        const ends = stretch(tried, kept, 0);
        const by = tried[1] - tried[0];
        const words = ends ? `the same answer ${said(ends[0])} to ${said(ends[1])}` : "another answer everywhere";
        const coarse = by > 1.5 * step ? ` (every ${said(by)} tried)` : "";
        controls.broken[name].draw(kept, words + coarse);
      },
    );
  }
  const shiftOf = (name, v) => (name === "shift0" ? [Math.round(v), 0] : [0, Math.round(v)]);

  // -- what is seen --
  /** @param {any} here @returns {(i: number) => any} */
  const outputOf = (here) => (i) => (i < 0 ? here.X : here.values[i]);
  function chosenOf(here) {
    const chosen = get("selected");
    if (short || chosen.length !== 4 || !here.values?.[chosen[0]]) return null;
    const [C, H, W] = spread(here.values[chosen[0]].shape);
    return chosen[1] < C && chosen[2] < H && chosen[3] < W ? chosen : null;
  }
  let due = false;
  function paintSoon() {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      paint();
    });
  }
  function paint() {
    const chosen = main.values && chosenOf(main);
    const found = chosen && fields(main.nodes, (i) => outputOf(main)(i).shape, chosen[0], chosen.slice(1));
    if (main.X) picture.show(main.X.data, found?.seen ?? null);
    const results = sides.map((here) => {
      const on = here === main || Boolean(get("other"));
      here.view.el.hidden = here.bars.el.hidden = !on || !here.values;
      if (!on || !here.values) return null;
      const silenced = here === main || otherOf()[0] === "picture" ? get("silenced") : [];
      const marks = here === main && chosen ? { chosen, boxes: found.boxes } : { chosen: null, boxes: null };
      here.view.show(outputOf(here), here.nodes, { ...marks, silenced });
      const small = get("other") ? { data: here.X.data, size, range } : null;
      return here.bars.show(titleOf(here), here.values[here.values.length - 1], small);
    });
    say(results);
    inspect.draw(chosen && viewOf(chosen, found));
    drawTour();
    if (root && !short) settleParts(chosen);
    clearTimeout(quiet);
    quiet = setTimeout(scanAll, QUIET);
  }
  let quiet = 0;
  const titleOf = (here) => (get("other") ? (here === main ? "Here" : "Beside it") : "The answer");
  function viewOf(chosen, found) {
    const [i, ...place] = chosen;
    const names = titles(main.nodes);
    const channel = main.values[i].shape.length === 2 ? place[2] : place[0];
    const silent = get("silenced").some((one) => same(one, [i, channel]));
    return {
      network: main.network,
      outputOf: outputOf(main),
      shape: main.values[i].shape,
      i,
      place,
      channel,
      op: main.nodes[i].op,
      value: valueAt(main.values[i], place),
      title: names[i],
      source: get("source"),
      silent,
      seen: found.seen,
      picture: { data: main.X.data, size, range },
      can: { edit: Boolean(main.network), silence: Boolean(main.network) && i < main.nodes.length - 1 },
    };
  }
  /** @param {any[]} results */
  function say([first, second]) {
    if (!first) return verdict.say();
    const title = netOf(model, get("network")).title;
    const text = (one) =>
      one.best < 0 ? "nothing, since its numbers have overflowed" : `${one.name}, ${percent(one.share)}`;
    const more = second ? ` Beside it: ${text(second)}.` : "";
    const silenced = get("silenced").filter(([i, c]) => c < (main.values[i]?.shape[1] ?? 0)).length;
    const edits = main.touched?.changes(get("edits")).length ?? 0;
    const done = [silenced && plural(silenced, "silenced map"), edits && plural(edits, "changed weight")];
    const hand = silenced + edits ? ` (with ${done.filter(Boolean).join(" and ")})` : "";
    verdict.say(h("span", {}, `${title}${hand} says: `, h("b", {}, text(first)), `.${more}`));
  }
  function drawTour() {
    if (short || !main.values) return;
    steps = tourOf(
      main.nodes,
      (i) => outputOf(main)(i).shape,
      titles(main.nodes),
      main.values[main.values.length - 1].data.length,
    );
    guide.draw(get("tour"), steps);
    for (const part of root?.querySelectorAll(".d2l-net-here") ?? []) part.classList.remove("d2l-net-here");
    if (get("tour")) partOf(get("tour"))?.classList.add("d2l-net-here");
  }
  // Where nothing can stay in sight, as in the scrolling box of a notebook's output, the
  // chosen number stands under its layer, and the tour before what it is about.
  function settleParts(chosen) {
    const loose = !canStick(root);
    root?.classList.toggle("d2l-net-loose", loose);
    const layer = loose && chosen ? main.view.part(chosen[0]) : null;
    shift(inspect.el, layer ?? both, "after");
    const about = loose && get("tour") ? partOf(get("tour")) : null;
    shift(guide.el, about ?? controls.networks, "before");
    measure();
  }
  // How high they are just now, since nothing that has the focus is to lie under them.
  function measure() {
    root?.style.setProperty("--sheet", `${inspect.el.offsetHeight}px`);
    root?.style.setProperty("--strip", `${guide.strip.offsetHeight}px`);
  }
  // Moves a part beside another, and the focus with it.
  function shift(part, place, side) {
    const there = side === "after" ? place.nextElementSibling : place.previousElementSibling;
    if (there === part || part.contains(place)) return;
    /** @type {any} */
    const held = part.contains(document.activeElement) ? document.activeElement : null;
    place[side](part);
    held?.focus({ preventScroll: true });
  }
  // The part of the figure that a step of the tour is about.
  function partOf(n) {
    const { at } = steps[Math.min(n, steps.length) - 1];
    return typeof at === "number" ? main.view.part(at) : parts[at];
  }

  const bars = h("div", { class: "d2l-net-answers" }, main.bars.el, beside.bars.el);
  const left = h("div", { class: "d2l-net-left" }, picture.el, controls.pen);
  const top = h(
    "div",
    { class: "d2l-net-top" },
    left,
    h("div", { class: "d2l-net-right" }, controls.choose, bars, verdict.el),
  );
  const both = h("div", { class: "d2l-net-sides" }, main.view.el, beside.view.el);
  const parts = { picture: left, answers: bars, changes: controls.changes, inspect: inspect.el };
  const honest = h("p", { class: "d2l-note" }, get("note"));
  /** @type {HTMLElement | null} */
  let root = null;
  const children = short
    ? [
        top,
        both,
        h("details", { class: "d2l-net-more" }, h("summary", {}, "Your own picture"), mine.el),
        problem.el,
        honest,
      ]
    : [guide.el, controls.networks, top, controls.changes, mine.el, problem.el, keys, both, inspect.el, honest];
  let every = get("every");
  function draw() {
    controls.draw();
    if (get("picture") >= 0) mine.forget();
    controls.every.hidden = !sides.some(({ nodes }) => nodes.length > MOST_STRIPS);
    if (every !== get("every")) {
      every = get("every");
      for (const here of sides) here.view.build(here.nodes, every);
    }
    both.classList.toggle("d2l-net-two", Boolean(get("other")));
    update();
  }
  function ready(node) {
    root = node;
    node.addEventListener("keydown", leave);
    node.addEventListener("dragover", (event) => event.preventDefault());
    node.addEventListener("drop", (event) => {
      event.preventDefault();
      mine.take(event.dataTransfer.files);
    });
    node.addEventListener("paste", (event) => {
      if (!event.target.closest("input")) mine.take(event.clipboardData.files);
    });
    const theme = new MutationObserver(() => sides.forEach((here) => here.view.repaint()));
    theme.observe(node, { attributes: true, attributeFilter: ["data-theme"] });
    const sizes = new ResizeObserver(measure);
    for (const one of short ? [] : [inspect.el, guide.strip]) sizes.observe(one);
    drawTour();
    return () => {
      theme.disconnect();
      sizes.disconnect();
      for (const here of sides) here.view.stop();
    };
  }
  const stop = () => {
    mine.stop();
    scan.stop();
    clearTimeout(quiet);
    scanned = "";
    for (const here of sides) {
      here.pass.stop();
      here.key = "";
    }
  };
  return { children, draw, stop, ready };
}

// Whether something in a figure can stay in sight while the figure scrolls past.
function canStick(root) {
  for (let at = root.parentElement; at && at !== document.body; at = at.parentElement)
    if (getComputedStyle(at).overflowY !== "visible") return at.scrollHeight > at.clientHeight + 1;
  return innerHeight < root.offsetHeight;
}

// `edits` [node, index, value] with others put in their places.
function edited(edits, others) {
  const fresh = others.filter(([, , v]) => Number.isFinite(v));
  const rest = edits.filter(([i, k]) => !fresh.some(([a, b]) => a === i && b === k));
  return [...rest, ...fresh];
}

const title = (model) => (model.get("form") === "short" ? "A network at work" : "Look inside");
export default lab(title, STATE, build);
