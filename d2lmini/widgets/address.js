// The state of a lab in the address of its page, so that a link leads to a situation:
// #convolution-2?stride=[2,2]&padding=[1,1] is the second convolution lab.  Only a site
// loads this; a notebook's address belongs to whoever shows it.

const LOOKING = ["selected", "channel", "layer"]; // alone, they are no situation
const LONGEST = 4000; // letters of an address that can still be sent
const PAUSE = 400; // ms without a change before the address follows

function follow(host) {
  const { d2lModel: model, d2lFigure: figure } = host;
  if (!figure.state) return;
  const kind = host.dataset.figure;
  const place = [...document.querySelectorAll(`[data-figure="${kind}"]`)].indexOf(host) + 1;
  const start = `#${kind}-${place}?`;
  const keys = Object.keys(figure.state);
  const texts = () => Object.fromEntries(keys.map((key) => [key, JSON.stringify(model.get(key))]));
  const first = texts();
  let told = ""; // the state that the address has led to

  // An address is a whole situation: what it leaves out is as it was at first.
  function read() {
    if (!location.hash.startsWith(start)) return false;
    const wrong = [];
    const values = Object.fromEntries(keys.map((key) => [key, JSON.parse(first[key] ?? "null")]));
    const parts = location.hash.slice(start.length).split("&").filter(Boolean);
    const given = new Map(parts.map((part) => [part.split("=")[0], parsed(part.slice(part.indexOf("=") + 1))]));
    // what one value may be can depend on another, which stands before it in the state
    const there = { get: (key) => (keys.includes(key) ? values[key] : model.get(key)) };
    for (const key of [...keys, ...given.keys()]) {
      if (!given.has(key)) continue;
      const value = given.get(key);
      given.delete(key);
      if (keys.includes(key) && value !== undefined && figure.state[key](value, there)) values[key] = value;
      else wrong.push(key);
    }
    for (const key of keys)
      if (JSON.stringify(model.get(key)) !== JSON.stringify(values[key])) model.set(key, values[key]);
    model.save_changes();
    complain(host, wrong);
    told = JSON.stringify(texts());
    host.scrollIntoView();
    return true;
  }
  // Whoever has followed a link goes on with the keyboard where it has led.
  function arrive() {
    if (!read()) return;
    host.tabIndex = -1;
    host.focus({ preventScroll: true });
  }
  function write() {
    const now = texts();
    if (JSON.stringify(now) !== told) complain(host, []); // the reader has gone on
    const other = keys.filter((key) => now[key] !== first[key]);
    const parts = other.map(
      (key) => `${key}=${encodeURIComponent(now[key]).replace(/%(2C|5B|5D)/g, decodeURIComponent)}`,
    );
    const fitting = parts.filter((part) => part.length < LONGEST);
    const set = other.some((key) => !LOOKING.includes(key)) && fitting.length;
    const plain = location.hash.startsWith(start) ? location.pathname + location.search : null;
    const next = set ? start + fitting.join("&") : plain;
    if (next !== null) history.replaceState(history.state, "", next);
  }
  let timer = 0;
  read();
  addEventListener("hashchange", arrive);
  model.on("change", () => {
    clearTimeout(timer);
    timer = setTimeout(write, PAUSE);
  });
}

// Says which parts of an address mean nothing here.
function complain(host, wrong) {
  host.querySelector(".d2l-address")?.remove();
  if (!wrong.length) return;
  const said = document.createElement("p");
  said.className = "d2l-warn d2l-address";
  said.setAttribute("role", "alert");
  const names = wrong.map((key) => `“${key.slice(0, 40)}”`).join(", ");
  said.textContent = `The address gives ${names} a value that this figure cannot take: it has its usual one.`;
  host.querySelector(".d2l-bar")?.after(said);
}

function parsed(text) {
  try {
    return JSON.parse(decodeURIComponent(text));
  } catch {
    return undefined; // somebody's typing: as if it were not there
  }
}

document.addEventListener("d2l-live", (event) => follow(event.target));
