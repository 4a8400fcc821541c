// The guided tour through a network: what to look at, what to try; it can be left.
import { button, h, status } from "./kit.js";
import { spread } from "./network_view.js";

// The steps that fit a network, as { at, text, set }: `at` names the part of the figure
// that a step is about, `set` what it chooses, a few traits.
/** @param {any[]} nodes @param {(i: number) => number[]} shapeOf @param {string[]} titles @param {number} classes
 *  @returns {any[]} */
export function tourOf(nodes, shapeOf, titles, classes) {
  const first = nodes.findIndex(({ op }) => op === "convolution");
  const pool = nodes.findIndex(({ op }) => /pool/.test(op));
  const second = nodes.findIndex(({ op }, i) => i > first && op === "convolution");
  const unit = nodes.findIndex(({ op }, i) => i > first && /relu|sigmoid|tanh/.test(op));
  const [C, H, W] = spread(shapeOf(-1));
  const middle = (i, c = 0) => {
    const [, rows, cols] = spread(shapeOf(i));
    return { selected: [i, c, Math.floor(rows / 2), Math.floor(cols / 2)] };
  };
  const many = (i) => spread(shapeOf(i))[0];
  const steps = [
    {
      at: "picture",
      text: `A network gets numbers: here ${C === 1 ? "" : `${C} times `}${H} × ${W}, from black to white. Choose another picture, or draw on this one with a mouse, a finger, or the arrow keys and space.`,
    },
    first >= 0 && {
      at: first,
      text: `The first convolution makes ${many(first)} maps of the picture. Each has a kernel of its own: blue where it finds its pattern, orange where it finds the opposite.`,
      set: { selected: [] },
    },
    first >= 0 && {
      at: "inspect",
      text: "One number of a map is chosen now. Below you see its window, its kernel, and the sum of their products. Point at other numbers, with a click or the arrow keys, and watch the window move over the picture.",
      set: middle(first),
    },
    unit >= 0 && {
      at: unit,
      text: `${titles[unit].replace(/ \d+$/, "")} bends each number by itself. Without it, two convolutions in a row would be no more than one.`,
      set: middle(unit),
    },
    pool >= 0 && {
      at: pool,
      text: "Pooling keeps one number for each window. The maps shrink, and exactly where a pattern was is forgotten on purpose.",
      set: middle(pool),
    },
    second >= 0 && {
      at: second,
      text: `A later kernel reads all the maps before it. Its number sees a wide part of the picture, the framed one. Step through “From map”.`,
      set: middle(second),
    },
    {
      at: "answers",
      text: `At the end are ${classes} numbers, turned into probabilities. Silence a map: choose one of its numbers and press “Silence this map”. Which maps does the answer need?`,
    },
    {
      at: "changes",
      text: "Where does it break? Turn, move, invert the picture, add noise; then bring a picture of your own. It will always choose among the classes that it knows, and there is no “none of them”.",
      set: { rotate: 40 },
    },
  ];
  return steps.filter(Boolean);
}

// The strip with the tour's text.  `go(n)` chooses a step, from 1; 0 leaves it.
// Returns { el, strip, draw(n, steps) }.
export function tour({ go }) {
  const said = status();
  const open = button({ label: "Guided tour", onClick: () => go(1) });
  const back = button({ label: "‹ Back", onClick: () => go(shown - 1) });
  const next = button({ label: "Next ›", kind: "d2l-primary", onClick: () => go(shown < count ? shown + 1 : 0) });
  const leave = button({ label: "Leave the tour", onClick: () => go(0) });
  const inside = h(
    "div",
    { class: "d2l-net-tour" },
    said.el,
    h("div", { class: "d2l-row" }, back.el, next.el, leave.el),
  );
  const el = h("div", { role: "group", "aria-label": "Guided tour" }, open.el, inside);
  let [shown, count] = [0, 0];
  function draw(n, steps) {
    const was = shown;
    [shown, count] = [Math.min(n, steps.length), steps.length];
    inside.hidden = !shown;
    open.el.hidden = Boolean(shown);
    open.set(`Guided tour: ${count} steps`);
    if (!shown) {
      said.say();
      if (was && inside.contains(document.activeElement)) open.el.focus();
      return;
    }
    said.say(h("b", {}, `${shown} of ${count}. `), steps[shown - 1].text);
    back.enable(shown > 1);
    next.set(shown < count ? "Next ›" : "Done");
    if (!was) next.el.focus({ preventScroll: true });
  }
  return { el, strip: inside, draw };
}
