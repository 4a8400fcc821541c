// The networks that a lab can show, and what can stand beside one.
import { h } from "./kit.js";

export const UNTOUCHED = "untouched";

export const netOf = (model, id) => model.get("nets").find((one) => one.id === id);
// Its title, with what it takes to fetch where that is known: on the site.
export function titleOf({ id, title, net }) {
  const size = !net && globalThis.d2lminiSizes?.[id];
  return size ? `${title} (${size})` : title;
}

// What can stand beside: [value, text].
export function othersOf(model) {
  const { names } = model.get("pictures");
  return [
    ["", "nothing"],
    [UNTOUCHED, "the same network and picture, untouched"],
    ...names.map((name, i) => [`picture:${i}`, `picture: ${name}`]),
    ...model.get("nets").map((one) => [`net:${one.id}`, `network: ${titleOf(one)}`]),
  ];
}

// ---- networks that lie beside the page ------------------------------------------------

const site = () =>
  /** @type {HTMLScriptElement | null} */ (document.querySelector('script[src*="figures/kit.js"]'))?.src;

// Loads the networks' files that a page of the site has beside it: a script, since from a
// disk nothing else can be read.
export function loaded(id) {
  const found = () => globalThis.d2lminiNetworks?.[id];
  return new Promise((done, fail) => {
    if (found()) return done(found());
    const script = h("script", { src: site()?.replace(/kit\.js.*$/, `network-${id}.js`) });
    script.onload = () => (found() ? done(found()) : fail(new Error()));
    script.onerror = () => fail(new Error());
    document.head.append(script);
  });
}

// The networks that can be had here: those that the figure carries, and with a kernel or
// on the site those that are fetched when asked for.
export const isLive = (model) => typeof model.send === "function";
export const available = (model) => model.get("nets").filter((one) => one.net || one.maps || site() || isLive(model));
