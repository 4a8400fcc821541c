// The training that runs in the worker.  It uses nothing but its arguments.
//
// It hears { do: "data" | "build" | "run" | "pause" | "step" | "look" | "weights", … } and
// says { kind: "ready" | "built" | "progress" | "epoch" | "view" | "weights" | "end" |
// "failed", run, … }; `run` is the number that "build" has given.

/** @param {any} engine @param {import("./worker.js").Port} port @param {any} helpers */
export function training(engine, port, helpers) {
  const { Network, OPTIMISERS, crossEntropy, oneCycle, random, tensor } = engine;
  const SLICE = 30; // ms of work before messages are heard
  const SHARE = 100; // validation pictures in one piece of work
  const REPORT = 120; // ms between two reports
  const DAMAGED =
    typeof DecompressionStream === "undefined"
      ? "This browser is too old to unpack the pictures. Take the drawn garments, or a browser from 2023 or later."
      : "The file of the pictures is damaged. Try again, or take the drawn garments.";
  const SCHEDULES = {
    constant: () => 1,
    cosine: (t) => (1 + Math.cos(Math.PI * t)) / 2,
    "one cycle": (t) => oneCycle(t),
  };
  const say = (kind, more = {}, moved = []) => port.postMessage({ kind, run: job?.run, ...more }, moved);

  // ---- the pictures -------------------------------------------------------------

  const sets = {}; // by name: { images: Float32Array in 0 … 1, labels, train }
  const size = 28 * 28;

  async function take(name, packed) {
    const made = packed === null ? helpers.drawnPictures(random) : await helpers.realPictures(packed);
    sets[name] = { ...made, images: Float32Array.from(made.images, (v) => v / made.levels) };
    say("ready", { name });
  }
  function batchOf({ images, labels }, places) {
    const X = tensor([places.length, 1, 28, 28]);
    places.forEach((place, i) => X.data.set(images.subarray(place * size, (place + 1) * size), i * size));
    return { X, y: Array.from(places, (place) => labels[place]) };
  }
  function mirror(X, draw) {
    for (let n = 0; n < X.shape[0]; n++)
      if (draw() < 0.5)
        for (let i = 0; i < 28; i++) X.data.subarray(n * size + 28 * i, n * size + 28 * (i + 1)).reverse();
  }

  // ---- a run ----------------------------------------------------------------------

  /** @type {any} */
  let job = null;

  function build({ run, setup, net }) {
    const network = new Network(net);
    const momentum = setup.optimizer === "momentum" ? 0.9 : 0;
    const optimizer = OPTIMISERS[setup.optimizer === "Adam" ? "adam" : "sgd"](network.parameters, { momentum });
    const steps = Math.ceil(setup.pictures / setup.batch);
    job = {
      run,
      setup,
      network,
      optimizer,
      steps,
      set: sets[setup.data],
      draw: random(setup.seed + 1),
      step: 0,
      order: [],
      seen: { loss: 0, right: 0, count: 0 }, // in this epoch
      fresh: { loss: 0, right: 0, count: 0 }, // since the last point of the curve
      points: [],
      exam: null,
      presses: 0, // of Step, each worth one
      ended: false,
      rate: [], // pictures and milliseconds of the last seconds
      sizes: null, // in the layers, of the last step, if they were watched
      passing: 0, // numbers that a step keeps on its way through the network
    };
    for (const layer of weighty()) layer.before = null;
    say("built");
    examine();
  }
  const weighty = () => job.network.layers.filter((layer) => layer.weight && layer.parameters.length && !layer.mean);

  function step() {
    const { setup, network, steps, set, draw, seen, fresh } = job;
    const [epoch, i] = [Math.floor(job.step / steps), job.step % steps];
    if (i === 0) {
      const keys = Float64Array.from({ length: setup.pictures }, draw);
      job.order = Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b] || a - b);
      Object.assign(seen, { loss: 0, right: 0, count: 0 });
    }
    const { X, y } = batchOf(set, job.order.slice(i * setup.batch, (i + 1) * setup.batch));
    if (setup.mirror) mirror(X, draw);
    const logits = network.forward(X, { training: true, draw });
    const { loss, grad } = crossEntropy(logits, y);
    if (!Number.isFinite(loss)) throw new Error("overflow");
    network.backward(grad, false);
    job.passing = Math.max(
      job.passing,
      network.values.reduce((sum, { data }) => sum + data.length, 0),
    );
    const measured = look.what === "sizes"; // any step may be the last before a pause
    if (measured) for (const layer of weighty()) layer.before = layer.weight.value.slice();
    job.optimizer(setup.lr * SCHEDULES[setup.schedule]((epoch + i / steps) / setup.epochs));
    job.sizes = measured ? weighty().map(measure) : null;
    const right = y.filter((label, n) => best(logits.data, n) === label).length;
    for (const tally of [seen, fresh]) {
      tally.loss += loss * y.length;
      tally.right += right;
      tally.count += y.length;
    }
    job.step += 1;
    if (fresh.count >= Math.max(setup.batch, (setup.pictures * setup.epochs) / 150)) point();
    if (job.step % steps === 0) examine();
    return y.length;
  }
  const meanOf = ({ loss, right, count }) => [loss / count, right / count];
  function point() {
    const { fresh } = job;
    job.points.push([job.step / job.steps, ...meanOf(fresh)]);
    Object.assign(fresh, { loss: 0, right: 0, count: 0 });
  }
  function best(data, n) {
    let at = 10 * n;
    for (let c = 10 * n; c < 10 * n + 10; c++) if (data[c] > data[at]) at = c;
    return at - 10 * n;
  }

  // Sizes in one layer: of what it puts out, of its gradient, of its last step.
  function measure(layer) {
    const at = job.network.layers.indexOf(layer);
    const unit = job.network.nodes.findIndex(({ op }, i) => i > at && ["relu", "sigmoid", "tanh"].includes(op));
    const { op } = unit < 0 ? { op: "none" } : job.network.nodes[unit];
    const { data, shape } = job.network.values[unit < 0 ? at : unit];
    const units = shape[1];
    const plane = data.length / shape[0] / units;
    const asleep = new Uint8Array(units).fill(1); // those at an end for the whole batch
    let sum = 0;
    for (let i = 0; i < data.length; i++) {
      const v = data[i];
      sum += Math.abs(v);
      const flat =
        op === "relu" ? v <= 0 : op === "sigmoid" ? v < 0.02 || v > 0.98 : op === "tanh" && Math.abs(v) > 0.98;
      if (!flat) asleep[Math.floor(i / plane) % units] = 0;
    }
    const norm = (list) => Math.sqrt(list.reduce((all, v) => all + v * v, 0));
    const { value, grad } = layer.weight;
    const moved = norm(value.map((v, i) => v - layer.before[i]));
    return {
      name: layer.node.name,
      output: sum / data.length,
      asleep: op === "none" ? null : asleep.reduce((a, b) => a + b) / units,
      gradient: norm(grad) / Math.sqrt(grad.length),
      update: moved / (norm(layer.before) || 1),
    };
  }

  // ---- validation, a piece at a time -----------------------------------------------

  function examine() {
    const { set } = job;
    const all = set.labels.length - set.train;
    job.exam = { at: 0, all, loss: 0, right: 0, confusion: new Array(100).fill(0), wrong: [] };
  }
  function answer() {
    const { exam, set, network } = job;
    const places = Array.from({ length: Math.min(SHARE, exam.all - exam.at) }, (_, i) => set.train + exam.at + i);
    const { X, y } = batchOf(set, places);
    const { data } = network.forward(X);
    y.forEach((label, n) => {
      const row = data.subarray(10 * n, 10 * n + 10);
      const high = Math.max(...row);
      const total = row.reduce((sum, v) => sum + Math.exp(v - high), 0);
      const loss = Math.log(total) + high - row[label];
      const said = best(data, n);
      exam.loss += loss;
      exam.right += said === label ? 1 : 0;
      exam.confusion[10 * label + said] += 1;
      if (said !== label)
        exam.wrong.push({ place: places[n], label, said, sure: Math.exp(row[said] - high) / total, loss });
    });
    if (!Number.isFinite(exam.loss)) throw new Error("overflow"); // as after the last step, which no other follows
    exam.at += places.length;
    if (exam.at === exam.all) report();
  }
  function report() {
    const { exam, seen, set } = job;
    job.exam = null;
    const wrong = exam.wrong.sort((a, b) => b.loss - a.loss).slice(0, 10);
    say("epoch", {
      epoch: job.step / job.steps,
      training: job.step ? meanOf(seen) : null,
      validation: [exam.loss / exam.all, exam.right / exam.all],
      confusion: exam.confusion,
      worst: wrong.map((one) => ({ ...one, pixels: set.images.slice(one.place * size, (one.place + 1) * size) })),
    });
  }

  // ---- what the reader watches -----------------------------------------------------

  let look = { what: "maps", picture: 0 };
  let asked = 0; // when the last view was sent

  function view() {
    asked = performance.now();
    const { network, set } = job;
    const at = set.train + (look.picture % (set.labels.length - set.train));
    const { X, y } = batchOf(set, [at]);
    const logits = network.forward(X);
    const maps = [];
    network.nodes.forEach(({ op, name }, i) => {
      if (op !== "convolution") return;
      const unit = network.nodes.findIndex((node, j) => j > i && ["relu", "sigmoid", "tanh"].includes(node.op));
      const { data, shape } = network.values[unit];
      maps.push({ name, shape: shape.slice(1), data: data.slice() });
    });
    const first = network.layers.find((layer) => layer.node?.op === "convolution");
    const high = Math.max(...logits.data);
    const powers = Array.from(logits.data, (v) => Math.exp(v - high));
    say("view", {
      kernels: first && { size: first.node.kernel[0], data: first.weight.value.slice() },
      maps,
      picture: { pixels: X.data, label: y[0] },
      chances: powers.map((v) => v / powers.reduce((a, b) => a + b)),
      sizes: job.sizes,
    });
  }
  // Bytes of the numbers that a step needs; 0 before the first one.
  function memory() {
    if (!job.passing) return 0;
    const own = job.network.parameters.reduce((sum, { value }) => sum + value.length, 0);
    const copies = { SGD: 3, momentum: 3, Adam: 4 }[job.setup.optimizer];
    return 4 * (copies * own + 2 * job.passing + job.set.images.length);
  }

  // ---- the clock --------------------------------------------------------------------

  let going = false;
  let pace = Number.POSITIVE_INFINITY; // steps a second
  let told = 0;
  let due = 0;
  const again = new MessageChannel(); // a timer would wait 4 ms each time
  again.port2.onmessage = tick;
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    const pause = going && !job?.exam ? due - performance.now() : 0;
    if (pause > 4) setTimeout(() => again.port1.postMessage(0), pause);
    else again.port1.postMessage(0);
  };

  // What has become of the run; at rest with a view, so that all that is seen is of one step.
  function progress(now, rests = false) {
    told = now;
    const [count, ms] = job.rate.reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    say("progress", {
      epoch: job.step / job.steps,
      points: job.points.splice(0),
      training: job.step && job.step % job.steps === 0 ? meanOf(job.seen) : null,
      rate: ms ? (1000 * count) / ms : 0,
      memory: memory(),
      rests,
    });
    if (job.rate.length > 20) job.rate.splice(0, job.rate.length - 20);
    if (rests || now - asked > 250) view();
  }
  const over = () => job.step >= job.steps * job.setup.epochs;

  function tick() {
    waiting = false;
    if (!job) return;
    const begun = performance.now();
    let [now, count] = [begun, 0];
    try {
      while (job.exam && now - begun < SLICE) {
        answer();
        now = performance.now();
      }
      const start = now;
      if (job.presses && !job.exam && !over()) {
        job.presses -= 1;
        count += step();
        now = performance.now();
      }
      while (going && !job.exam && !over() && now - begun < SLICE && now >= due) {
        count += step();
        now = performance.now();
        if (Number.isFinite(pace)) due = now + 1000 / pace;
      }
      if (count) job.rate.push([count, now - start]);
    } catch (error) {
      progress(performance.now(), true); // first: what is heard at the end is the last step
      fail(error);
      return;
    }
    if (now - told > REPORT) progress(now);
    if (!job.exam && over() && !job.ended) finish();
    else if (job.exam || going || job.presses) soon();
    else progress(now, true);
  }
  function finish() {
    going = false;
    job.presses = 0; // pressed after the last one
    job.ended = true;
    if (job.fresh.count) point();
    progress(performance.now(), true);
    say("end");
  }
  function fail(error) {
    going = false;
    job.presses = 0;
    job.exam = null;
    say("failed", { message: error.message, epoch: job.step / job.steps });
  }

  const ORDERS = {
    data: ({ name, packed }) => take(name, packed).catch(() => say("ready", { name, message: DAMAGED })),
    build(order) {
      going = false;
      build(order);
      soon();
    },
    run(order) {
      going = true;
      pace = order.pace ?? Number.POSITIVE_INFINITY;
      due = 0;
      soon();
    },
    pause() {
      going = false;
    },
    step() {
      if (!job || going || over()) return;
      job.presses += 1; // each is taken, after the validation that may be running
      soon();
    },
    look(order) {
      look = order;
      if (job && !job.exam) view();
    },
    weights() {
      const state = [];
      job.network.layers.forEach((layer, i) => {
        for (const [key, held] of Object.entries({
          weight: layer.weight?.value,
          bias: layer.bias?.value,
          running_mean: layer.mean,
          running_var: layer.variance,
        }))
          if (held) state.push([`${i}.${key}`, held.slice()]);
      });
      const { images, labels, train } = job.set;
      say("weights", { state, steps: job.step, images, labels, train });
    },
  };
  port.onmessage = async ({ data }) => {
    try {
      await ORDERS[data.do](data);
    } catch (error) {
      if (job) fail(error);
      else say("failed", { message: /** @type {Error} */ (error).message });
    }
  };
}
