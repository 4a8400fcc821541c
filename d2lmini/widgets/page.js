// The host on a page without a kernel: a small model, and the figure in place of
// its still picture.  Two copies of one figure carry the same name; each script
// takes the first that no other has taken.

/** @typedef {{ get(key: string): any, set(key: string, value: any): void, save_changes(): void,
 *   on(event: string, call: () => void): void, off(event: string, call: () => void): void }} Model */
/** @typedef {{ render(place: { model: Model, el: HTMLElement }): (() => void) | void,
 *   state?: Record<string, (value: any, model: Model) => boolean> }} Lab */

/** @param {Lab} figure @param {string} name @param {Record<string, any>} state */
export function mount(figure, name, state) {
  /** @type {(HTMLElement & { d2lModel?: Model, d2lFigure?: Lab }) | null} */
  const host = document.querySelector(`[data-d2l="${name}"]:not([data-live])`);
  if (!host) return;
  /** @type {Record<string, Set<() => void>>} */
  const heard = {};
  const model = {
    get: (key) => state[key],
    set(key, value) {
      state[key] = value;
      for (const event of [`change:${key}`, "change"]) for (const call of [...(heard[event] ?? [])]) call();
    },
    on(event, call) {
      heard[event] ??= new Set();
      heard[event].add(call);
    },
    off: (event, call) => heard[event]?.delete(call),
    save_changes() {},
  };
  const el = document.createElement("div");
  figure.render({ model, el });
  host.replaceChildren(el);
  host.dataset.live = ""; // not before: a figure that fails stays a still picture
  Object.assign(host, { d2lModel: model, d2lFigure: figure });
  host.dispatchEvent(new CustomEvent("d2l-live", { bubbles: true }));
}
