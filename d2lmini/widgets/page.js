// The host on a page without a kernel: a small model, and the figure in place of
// its still picture.  Two copies of one figure carry the same name; each script
// takes the first that no other has taken.
function mount(figure, name, state) {
  const host = document.querySelector(`[data-d2l="${name}"]:not([data-live])`);
  if (!host) return;
  host.dataset.live = "";
  const heard = {};
  const model = {
    get: (key) => state[key],
    set(key, value) {
      state[key] = value;
      for (const event of [`change:${key}`, "change"]) for (const call of [...(heard[event] ?? [])]) call();
    },
    on: (event, call) => (heard[event] ??= new Set()).add(call),
    off: (event, call) => heard[event]?.delete(call),
    save_changes() {},
  };
  const el = document.createElement("div");
  figure.render({ model, el });
  host.replaceChildren(el);
  host.d2lModel = model;
}
