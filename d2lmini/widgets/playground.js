import { plain, power } from "./chart.js";
import { random } from "./engine.js";
import {
  bound,
  button,
  checkbox,
  choice,
  copy,
  fmt,
  h,
  lab,
  may,
  plural,
  put,
  select,
  slider,
  status,
  stepper,
  svg,
  warning,
} from "./kit.js";
import { cells, npz, shaped } from "./playground_cells.js";
import { drawnPictures, realPictures } from "./playground_pictures.js";
import {
  ACTIVATIONS,
  assembled,
  BATCHES,
  difference,
  isLayer,
  LARGEST,
  OPTIMIZERS,
  PICTURES,
  POOLS,
  parameters,
  plan,
  SCHEDULES,
  SETUP,
  SIZES,
  WEIGHTS,
  walk,
} from "./playground_setup.js";
import { training } from "./playground_task.js";
import { insideView, LINES, layerSizes, mistakesView, runCurves } from "./playground_views.js";
import { worker } from "./worker.js";

const PACES = { full: null, "30 steps a second": 30, "5 steps a second": 5, "1 step a second": 1 };
const KEPT = 3; // runs beside the present one
const WATCHED = { maps: "kernels and maps", sizes: "sizes in the layers", mistakes: "mistakes" };
const CONTROLS = ["network", "training", "pictures", "watch", "compare", "code"];

const setupOf = (model) => Object.fromEntries(SETUP.map((key) => [key, copy(model.get(key))]));
const words = (list) => list.map((v) => [String(v), String(v)]);

// ---- controls -----------------------------------------------------------------

const picked = (model, key, label, list, number = false) =>
  bound(
    model,
    key,
    select({
      label,
      options: words(list),
      value: String(model.get(key)),
      onChange: (v) => put(model, { [key]: number ? Number(v) : v }),
    }),
  );
const flagged = (model, key, label) =>
  bound(model, key, checkbox({ label, value: model.get(key), onChange: (v) => put(model, { [key]: v }) }));
const counted = (model, key, label, min, max) =>
  bound(model, key, stepper({ label, value: model.get(key), min, max, onChange: (v) => put(model, { [key]: v }) }));

// The rows of trait `key`, a list; `made(i, change)` gives a row { parts, set(value) }.
function rows(model, key, most, name, fresh, made, kind = "") {
  const change = (i, value) => put(model, { [key]: model.get(key).map((old, k) => (k === i ? value : old)) });
  const all = Array.from({ length: most }, (_, i) => {
    const row = made(i, (value) => change(i, value));
    const title = `${name} ${i + 1}`;
    const props = { class: "d2l-layer", role: "group", "aria-label": title };
    return { ...row, el: h("div", props, h("b", { "aria-hidden": "true" }, title), ...row.parts) };
  });
  const more = button({
    label: `Add a ${name.toLowerCase()} layer`,
    onClick: () => put(model, { [key]: [...model.get(key), copy(fresh)] }),
  });
  const less = button({
    label: `Remove the last ${name.toLowerCase()} layer`,
    onClick: () => put(model, { [key]: model.get(key).slice(0, -1) }),
  });
  function draw() {
    const list = model.get(key);
    all.forEach((row, i) => {
      row.el.hidden = i >= list.length;
      if (i < list.length) row.set(list[i]);
    });
    more.enable(list.length < most);
    less.enable(list.length > 0);
  }
  const buttons = h("div", { class: "d2l-row" }, more.el, less.el);
  return { el: h("div", { class: `d2l-layers ${kind}` }, ...all.map((row) => row.el), buttons), draw };
}

function convolutions(model) {
  return rows(model, "layers", LARGEST.layers, "Convolution", [8, 3, 1, 1, "max"], (_, change) => {
    /** @type {any[]} */
    let now = [8, 3, 1, 1, "max"];
    const set = (k, v) => change(now.map((old, j) => (j === k ? v : old)));
    const kernels = stepper({ label: "Kernels", value: 8, min: 1, max: LARGEST.kernels, onChange: (v) => set(0, v) });
    const size = select({
      label: "Size",
      options: SIZES.map((v) => [String(v), `${v} × ${v}`]),
      value: "3",
      onChange: (v) => change([now[0], Number(v), now[2], now[3] ? (Number(v) - 1) / 2 : 0, now[4]]),
    });
    const stride = select({ label: "Stride", options: words([1, 2]), value: "1", onChange: (v) => set(2, Number(v)) });
    const pool = select({ label: "Pooling", options: words(POOLS), value: "max", onChange: (v) => set(4, v) });
    const padding = checkbox({ label: "Padding", value: true, onChange: (v) => set(3, v ? (now[1] - 1) / 2 : 0) });
    const shown = (value) => {
      now = value;
      kernels.set(value[0]);
      size.set(String(value[1]));
      stride.set(String(value[2]));
      padding.set(value[3] > 0);
      pool.set(value[4]);
    };
    return { parts: [kernels, size, stride, padding, pool].map(({ el }) => el), set: shown };
  });
}

function denses(model) {
  const made = (_, change) => {
    const units = stepper({ label: "Units", value: 64, min: 1, max: LARGEST.units, onChange: change });
    return { parts: [units.el], set: units.set };
  };
  return rows(model, "dense", LARGEST.dense, "Dense", 64, made, "d2l-short");
}

function settings(model) {
  const rate = slider({
    label: "Learning rate",
    value: Math.log10(model.get("lr")),
    min: -5,
    max: 1,
    step: 0.05,
    format: (v) => plain(power(v)),
    onChange: (v) => put(model, { lr: power(v) }),
  });
  const drop = slider({
    label: "Dropout",
    value: model.get("dropout"),
    min: 0,
    max: 0.8,
    step: 0.1,
    onChange: (v) => put(model, { dropout: v }),
  });
  const groups = {
    network: [
      convolutions(model),
      denses(model),
      picked(model, "activation", "Activation", ACTIVATIONS),
      flagged(model, "norm", "Batch normalisation"),
      bound(model, "dropout", drop),
      picked(model, "weights", "Initial weights", WEIGHTS),
    ],
    training: [
      picked(model, "optimizer", "Optimiser", OPTIMIZERS),
      { el: rate.el, draw: () => rate.set(Math.log10(model.get("lr"))) },
      picked(model, "schedule", "Schedule", SCHEDULES),
      picked(model, "batch", "Batch size", BATCHES, true),
      counted(model, "epochs", "Epochs", 1, LARGEST.epochs),
      counted(model, "seed", "Seed", 0, 9999),
    ],
    pictures: [
      bound(
        model,
        "data",
        select({
          label: "Pictures",
          options: Object.entries(DATA),
          value: model.get("data"),
          onChange: (v) => put(model, { data: v }),
        }),
      ),
      picked(model, "pictures", "For training", PICTURES, true),
      flagged(model, "mirror", "Mirror half of them"),
    ],
  };
  const boxes = Object.entries(groups).map(([name, controls]) => ({
    name,
    draw: () => controls.forEach((one) => one.draw()),
    el: h("div", { class: "d2l-controls", role: "group", "aria-label": name }, ...controls.map((one) => one.el)),
  }));
  function draw() {
    for (const box of boxes) {
      box.el.hidden = !model.get("controls").includes(box.name);
      box.draw();
    }
  }
  return { el: h("div", {}, ...boxes.map((box) => box.el)), draw };
}

// ---- the pictures of Fashion-MNIST ----------------------------------------------

const DATA = { drawn: "drawn garments", fashion: "Fashion-MNIST" };

let scripts = 0; // asked for; each has an address of its own, or one would wait for one that hangs

// The packed pictures: from a script beside the page, which `signal` stops, or from the kernel.
function loaded(model, signal) {
  const held = () => /** @type {any} */ (globalThis).d2lminiPictures;
  if (held()) return Promise.resolve(held());
  if (model.get("source"))
    return new Promise((done, fail) => {
      const src = model.get("source") + (scripts++ ? `?${scripts}` : "");
      const script = h("script", { src, onload: () => done(held()) });
      script.onerror = () => fail(new Error("The pictures cannot be loaded. Try again, or take the drawn garments."));
      signal.addEventListener("abort", script.onerror);
      document.head.append(script);
    });
  if (typeof model.send !== "function")
    return Promise.reject(
      new Error("Only the book's page and a running kernel have Fashion-MNIST. Take the drawn garments."),
    );
  return new Promise((done, fail) => {
    const hear = () => {
      const text = model.get("packed");
      if (!text) return;
      model.off("change:packed", hear);
      if (text.startsWith("!")) fail(new Error(text.slice(1)));
      else done(text);
    };
    model.on("change:packed", hear);
    put(model, { asked: model.get("asked") + 1 });
  });
}

// ---- taking it along -----------------------------------------------------------------

function hand(name, blob) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function along(model, want) {
  const said = status("d2l-note");
  const list = h("div", {});
  const copyAll = button({
    label: "Copy all cells",
    onClick: async () => {
      const text = [...list.querySelectorAll("code")].map((one) => one.textContent).join("\n\n\n");
      const done = await navigator.clipboard?.writeText(text).then(
        () => true,
        () => false,
      );
      if (!done) getSelection()?.selectAllChildren(list);
      said.say(); // heard again each time
      said.say(done ? "Copied." : "The cells are selected: copy them with Ctrl+C.");
    },
  });
  const weights = button({ label: "Download the weights", onClick: () => want("weights") });
  const pictures = button({ label: "Download the pictures", onClick: () => want("pictures") });
  const intro = h(
    "p",
    {},
    "A notebook, in Colab or elsewhere, that starts from the same weights, sees the same batches and so arrives at the same numbers, apart from rounding. The last cell reads the weights that were trained here.",
  );
  const row = h("div", { class: "d2l-row" }, copyAll.el, weights.el, pictures.el);
  const el = h("details", {}, h("summary", {}, "Take it along: this run as Python"), intro, list, row, said.el);
  let started = false;
  el.addEventListener("toggle", () => draw());
  function draw(now = started) {
    started = now;
    el.hidden = !model.get("controls").includes("code");
    pictures.el.hidden = model.get("data") !== "drawn";
    weights.enable(started);
    pictures.enable(started);
    if (!el.open) return;
    let texts;
    try {
      texts = cells(setupOf(model), plan(setupOf(model)));
    } catch {
      texts = []; // the warning above says why
    }
    list.replaceChildren(
      ...texts.map((text, i) =>
        h("pre", { class: "d2l-code", tabindex: 0, role: "group", "aria-label": `Cell ${i + 1}` }, h("code", {}, text)),
      ),
    );
  }
  return { el, draw };
}

// ---- the figure ------------------------------------------------------------------------

function sentence(run, message) {
  const last = message.training ?? run.points.at(-1)?.slice(1);
  const which = message.training ? " in that epoch" : "";
  const training = last ? ` Training${which}: loss ${fmt(last[0], 3)}, accuracy ${fmt(100 * last[1], 1)}%.` : "";
  const exam = run.exams.at(-1);
  // it is of the last whole epoch, and training goes on
  const when = exam && exam[0] < message.epoch ? ` at epoch ${fmt(exam[0], 2)}` : "";
  const validation = exam ? ` Validation${when}: loss ${fmt(exam[1], 3)}, accuracy ${fmt(100 * exam[2], 1)}%.` : "";
  const pace = message.rate ? ` ${Math.round(message.rate).toLocaleString("en")} pictures per second,` : "";
  const memory = message.memory ? ` ${fmt(message.memory / 1e6, 1)} MB of numbers.` : "";
  return `Epoch ${fmt(message.epoch, 2)} of ${run.epochs}.${training}${validation}${pace}${memory}`;
}

function build(model) {
  let [phase, run, number] = ["idle", /** @type {any} */ (null), 0]; // idle, loading, ready, going, end, failed
  let latest = { epoch: 0 };
  let wanted = ""; // the file that the reader has asked for
  /** @type {ReturnType<typeof worker> | null} */
  let engine = null;
  const given = {}; // sets of pictures that the worker has, or will have
  const here = {}; // those that it has
  /** @type {{ [name: string]: (problem?: string) => void }} */
  const pending = {}; // who waits for a set
  let made = ""; // the set-up of the run as text
  /** @type {any[]} */
  let kept = [];
  let pace = "full";
  let loading = new AbortController();

  // ---- what it is made of
  const controls = settings(model);
  const chart = runCurves();
  const wrong = warning();
  const told = status();
  const shape = status("d2l-plan");
  const tally = status("d2l-hidden");
  const chosen = stepper({
    label: "Number",
    value: model.get("picture"),
    min: 1,
    max: 1000,
    onChange: (v) => put(model, { picture: v }),
  });
  const views = { maps: insideView(chosen.el), sizes: layerSizes(), mistakes: mistakesView() };
  const watching = bound(
    model,
    "watch",
    choice({
      label: "Watch",
      value: model.get("watch"),
      options: Object.entries(WATCHED),
      onChange: (v) => put(model, { watch: v }),
    }),
  );
  const seen = h("div", {}, ...Object.values(views).map((view) => view.el));
  const pane = h("div", { class: "d2l-pane" }, watching.el, seen);
  const play = button({
    label: "▶ Play",
    kind: "d2l-primary",
    onClick: () => (phase === "going" ? pause() : waits() ? cease() : go("run")),
  });
  const one = button({ label: "Step", onClick: () => go("step") });
  const anew = button({ label: "Start again", onClick: () => renew() });
  const speed = select({
    label: "Speed",
    options: words(Object.keys(PACES)),
    value: pace,
    onChange: (v) => {
      pace = v;
      if (phase === "going") engine?.send({ do: "run", pace: PACES[pace] });
    },
  });
  const keep = button({
    label: "Keep this run to compare",
    onClick: () => {
      const others = kept.filter(({ points }) => points !== run.points); // kept once is enough
      compare([{ ...run, setup: setupOf(model) }, ...others].slice(0, KEPT));
    },
  });
  const legend = h("ul", { class: "d2l-kept" });
  function compare(runs) {
    kept = runs;
    tally.say(); // heard each time
    tally.say(`${plural(kept.length, "run")} kept to compare.`);
    show();
  }
  const code = along(model, (what) => {
    wanted = what;
    engine?.send({ do: "weights" });
  });

  // ---- the run
  function hear(message) {
    if (message.kind === "ready") pending[message.name]?.(message.message);
    else if (message.run === number) HEARD[message.kind]?.(message);
  }
  const HEARD = {
    progress(message) {
      run.points.push(...message.points);
      latest = message;
      told.say(sentence(run, message));
      if (message.rests && phase !== "going") told.quiet(false);
      show();
    },
    epoch(message) {
      run.exams.push([message.epoch, ...message.validation]);
      views.mistakes.show(message);
      show();
    },
    view(message) {
      seen.hidden = false;
      views.maps.show(message);
      views.sizes.show(message.sizes);
    },
    end: () => rest("end"),
    failed({ message, epoch }) {
      rest("failed");
      wrong.say(
        message === "overflow"
          ? `At epoch ${fmt(epoch, 2)} the loss is no longer a number: a learning rate of ${plain(model.get("lr"))} is too large here. Take a smaller one and play again.`
          : message,
      );
    },
    weights: (message) => deliver(message),
  };
  function deliver({ state, steps, images }) {
    if (wanted === "weights") hand("playground-weights.npz", npz(shaped(plan(setupOf(model)), state, steps)));
    else {
      const pixels = Uint8Array.from(images, (v) => Math.round(255 * v));
      const labels = Uint8Array.from({ length: 7000 }, (_, i) => i % 10);
      const size = [7000, 28, 28];
      hand(
        "playground-pictures.npz",
        npz([
          ["images", pixels, size],
          ["labels", labels, [7000]],
        ]),
      );
    }
  }
  async function pictures(name) {
    engine ??= worker(training, hear, { drawnPictures, realPictures });
    given[name] ??= (async () => {
      const packed = name === "fashion" ? await loaded(model, loading.signal) : null;
      await new Promise((done, fail) => {
        pending[name] = (problem) => (problem ? fail(new Error(problem)) : done(null));
        engine?.send({ do: "data", name, packed });
      });
    })();
    await given[name].catch((error) => {
      given[name] = undefined;
      throw error;
    });
    here[name] = true;
    show(); // another set-up may have been chosen meanwhile
  }
  // Makes the network of the set-up, with its pictures; false where that cannot be.
  async function ready() {
    if (phase !== "idle") return true;
    const mine = number;
    phase = "loading";
    told.say("The pictures are on their way …");
    show();
    try {
      await pictures(model.get("data"));
      if (mine !== number) return false; // another set-up was chosen meanwhile, if only for a while
      const setup = setupOf(model);
      const net = assembled(plan(setup), setup.weights, random(setup.seed));
      engine?.send({ do: "look", what: model.get("watch"), picture: model.get("picture") - 1 });
      engine?.send({ do: "build", run: number, setup, net });
      rest("ready");
      return true;
    } catch (error) {
      if (mine === number) {
        rest("idle");
        told.say("");
        wrong.say(/** @type {Error} */ (error).message);
      } else show(); // the button: they can be asked for again
      return false;
    }
  }
  async function go(order) {
    if (phase === "loading" || wrong.el.dataset.shape) return;
    if (phase === "end" || phase === "failed") renew();
    wrong.say("");
    if (!(await ready())) return;
    if (order === "run") {
      phase = "going";
      told.quiet(true);
    }
    engine?.send({ do: order, pace: PACES[pace] });
    show();
  }
  const waits = () => phase === "loading" && model.get("data") === "fashion";
  // Ends a wait for pictures, which may be without an end; they are asked for anew then.
  function cease() {
    loading.abort();
    loading = new AbortController();
    renew();
  }
  function pause() {
    if (phase !== "going") return; // as where Reset is pressed before a run, or after its end
    engine?.send({ do: "pause" });
    phase = "ready"; // heard when the worker has said where it rests: it may be in a step
    show();
  }
  function rest(next) {
    phase = next;
    told.quiet(false);
    if (run && next !== "idle") told.say(sentence(run, latest));
    show();
  }
  // Forgets the run; the next one starts from the first weights.
  function renew() {
    engine?.send({ do: "pause" });
    number += 1;
    made = JSON.stringify(setupOf(model));
    run = { epochs: model.get("epochs"), points: [], exams: [] };
    latest = { epoch: 0 };
    phase = "idle";
    told.quiet(false);
    told.say("");
    wrong.say("");
    delete wrong.el.dataset.shape;
    seen.hidden = true;
    try {
      const layers = plan(setupOf(model));
      shape.say(`${walk(layers)}, ${parameters(layers).toLocaleString("en")} parameters`);
    } catch (error) {
      shape.say();
      wrong.el.dataset.shape = "";
      wrong.say(/** @type {Error} */ (error).message);
    }
    show();
  }

  // ---- what it shows
  function names() {
    const now = setupOf(model);
    const all = [
      { text: "this run" },
      ...kept.map((old) => ({ text: difference(old.setup, now) || "the same set-up" })),
    ];
    legend.hidden = !kept.length;
    if (legend.dataset.text === JSON.stringify(all)) return;
    legend.dataset.text = JSON.stringify(all);
    legend.replaceChildren(
      ...all.map(({ text }, i) => {
        const [colour, dashes] = LINES[i];
        const style = `stroke: ${colour}; stroke-width: 3; stroke-dasharray: ${dashes || "none"}`;
        const line = svg(
          "svg",
          { width: 40, height: 10, "aria-hidden": "true" },
          svg("line", { x1: 0, y1: 5, x2: 40, y2: 5, style }),
        );
        const drop = button({
          label: `Remove the kept run ${i}`,
          text: "Remove",
          onClick: () => {
            compare(kept.filter((_, k) => k !== i - 1));
            keep.el.focus();
          },
        });
        return h("li", {}, line, h("span", {}, text), i ? drop.el : null);
      }),
    );
  }
  function show() {
    const load = model.get("data") === "fashion" && !here.fashion && model.get("source");
    const start = load ? "▶ Load 1.8 MB and play" : "▶ Play";
    const wait = waits() ? "Stop loading" : "Loading …";
    play.set(phase === "going" ? "❚❚ Pause" : phase === "loading" ? wait : start);
    one.enable(phase === "idle" || phase === "ready");
    anew.enable(phase !== "idle" && phase !== "loading");
    keep.enable(run.exams.length > 1);
    keep.el.hidden = !model.get("controls").includes("compare");
    pane.hidden = !model.get("controls").includes("watch");
    chart.show([run, ...kept]);
    chart.el.dataset.exams = JSON.stringify(run.exams);
    chart.el.dataset.phase = phase;
    names();
    code.draw(phase !== "idle" && phase !== "loading");
  }
  function draw() {
    controls.draw();
    watching.draw();
    chosen.set(model.get("picture"));
    for (const [name, view] of Object.entries(views)) view.el.hidden = name !== model.get("watch");
    if (JSON.stringify(setupOf(model)) !== made) renew();
    else show();
    engine?.send({ do: "look", what: model.get("watch"), picture: model.get("picture") - 1 });
  }
  const buttons = h(
    "div",
    { class: "d2l-player", role: "group", "aria-label": "The run" },
    play.el,
    one.el,
    anew.el,
    speed.el,
    keep.el,
  );
  return {
    children: [shape.el, wrong.el, buttons, told.el, tally.el, chart.el, legend, pane, controls.el, code.el],
    draw,
    stop: pause,
    ready: () => () => {
      engine?.stop();
      chart.stop();
    },
  };
}

const inList = (list) => may.oneOf(list);
export default lab(
  "Playground",
  {
    layers: may.list(LARGEST.layers, isLayer),
    dense: may.list(LARGEST.dense, may.whole(1, LARGEST.units)),
    activation: inList(ACTIVATIONS),
    norm: may.flag,
    dropout: may.real(0, 0.8),
    weights: inList(WEIGHTS),
    optimizer: inList(OPTIMIZERS),
    lr: may.real(1e-5, LARGEST.rate),
    schedule: inList(SCHEDULES),
    batch: inList(BATCHES),
    mirror: may.flag,
    data: inList(Object.keys(DATA)),
    pictures: inList(PICTURES),
    epochs: may.whole(1, LARGEST.epochs),
    seed: may.whole(0, 9999),
    watch: inList(Object.keys(WATCHED)),
    picture: may.whole(1, 1000),
    controls: may.list(CONTROLS.length, inList(CONTROLS)),
  },
  build,
);
