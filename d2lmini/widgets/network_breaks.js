// Where a network's answer breaks: the range of each disturbance that it survives.
import { h, make } from "./kit.js";

const SLICE = 12; // ms of computing before the page gets its turn

// The strip under a slider: full where the answer is the same, thin where it is another.
// Returns { el, draw(kept: booleans, from low to high; null while unknown, words) }.
export function strip() {
  const line = h("div", { class: "d2l-net-break", "aria-hidden": "true" });
  const note = h("div", { class: "d2l-note" });
  const el = h("div", {}, line, note);
  function draw(kept, words) {
    line.replaceChildren(...(kept ?? []).map((same) => h("span", { class: same ? "d2l-net-kept" : null })));
    note.textContent = kept ? words : "";
  }
  return { el, draw };
}

// The values of a slider that are tried.
export const tried = ({ min, max, places }) => make(places, (i) => min + ((max - min) * i) / (places - 1));

// From where to where the answer stays, around the place where nothing is disturbed.
export function stretch(values, kept, still) {
  let at = values.findIndex((v) => v >= still);
  if (!kept[at]) return null;
  let end = at;
  while (at > 0 && kept[at - 1]) at--;
  while (end < kept.length - 1 && kept[end + 1]) end++;
  return [values[at], values[end]];
}

// Asks `answer(key, value)` for every value of each of `sliders` { key, min, max, places }, a few
// at a time; done(key, values, answers).  A later call drops an earlier one.
export function scanner() {
  let turn = 0;
  return {
    stop: () => turn++,
    run(sliders, answer, done) {
      const mine = ++turn;
      const queue = sliders.map((slider) => ({
        key: slider.key,
        values: tried(slider),
        found: /** @type {any[]} */ ([]),
      }));
      function go() {
        const start = performance.now();
        while (queue.length && mine === turn && performance.now() - start < SLICE) {
          const { key, values, found } = queue[0];
          found.push(answer(key, values[found.length]));
          if (found.length === values.length) {
            queue.shift();
            done(key, values, found);
          }
        }
        if (queue.length && mine === turn) setTimeout(go);
      }
      setTimeout(go);
    },
  };
}
