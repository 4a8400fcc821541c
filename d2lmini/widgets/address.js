// The state of a lab in the address of its page, so that a link leads to a situation:
// #convolution-2?stride=[2,2]&padding=[1,1] is the second convolution lab.  Only a site
// loads this; a notebook's address belongs to whoever shows it.

const LOOKING = ["selected", "channel", "layer"]; // alone, they are no situation
const LONGEST = 4000; // letters of an address that can still be sent
const PAUSE = 400; // ms without a change before the address follows
const NAMED = 3; // wrong parts that a sentence names
const TOO_LONG = "What is set here is too long for a link: the page's address leads to this figure as it was at first.";

function follow(host) {
  const { d2lModel: model, d2lFigure: figure } = host;
  if (!figure.state) return;
  const kind = host.dataset.figure;
  const place = hosts(kind).indexOf(host) + 1;
  const start = `#${kind}-${place}?`;
  const keys = Object.keys(figure.state);
  const now = () => Object.fromEntries(keys.map((key) => [key, model.get(key) ?? null]));
  const texts = () => Object.fromEntries(keys.map((key) => [key, JSON.stringify(model.get(key) ?? null)]));
  const first = texts();
  let told = ""; // the state that the address has led to

  function set(values) {
    for (const key of keys)
      if (JSON.stringify(model.get(key)) !== JSON.stringify(values[key])) model.set(key, values[key]);
    model.save_changes();
    told = JSON.stringify(texts());
  }
  // An address is a whole situation: what it leaves out is as it was at first.
  function read() {
    if (!location.hash.startsWith(start)) return false;
    const wrong = [];
    const values = Object.fromEntries(keys.map((key) => [key, JSON.parse(first[key])]));
    const given = parts(location.hash.slice(start.length));
    // what one value may be can depend on another, which stands before it in the state
    const there = { get: (key) => (keys.includes(key) ? values[key] : model.get(key)) };
    for (const key of [...keys, ...given.keys()]) {
      if (!given.has(key)) continue;
      const value = given.get(key);
      given.delete(key);
      if (keys.includes(key) && value !== undefined && figure.state[key](value, there)) values[key] = value;
      else wrong.push(key);
    }
    set(values);
    say(host, complaint(wrong));
    host.scrollIntoView();
    return true;
  }
  // Back and Forward lead to what was seen there, where the address says nothing of it too:
  // each entry of the history keeps it.  A new one, as of a heading, changes nothing.
  const keep = (address) => history.replaceState({ ...history.state, [start]: now() }, "", address);
  function arrive() {
    clearTimeout(timer); // what it would write belongs to the entry before
    timer = 0;
    if (read()) {
      // Whoever has followed a link goes on with the keyboard where it has led.
      host.tabIndex = -1;
      host.focus({ preventScroll: true });
    } else {
      const kept = history.state?.[start];
      if (kept) set(kept);
      say(host, "");
    }
    keep();
  }
  function write() {
    clearTimeout(timer);
    timer = 0;
    const seen = texts();
    const other = keys.filter((key) => seen[key] !== first[key]);
    const all = other.map(
      (key) => `${key}=${encodeURIComponent(seen[key]).replace(/%(2C|5B|5D)/g, decodeURIComponent)}`,
    );
    const full = start + all.join("&");
    const fits = full.length < LONGEST;
    const here = fits && other.some((key) => !LOOKING.includes(key));
    const plain = location.hash.startsWith(start) ? location.pathname + location.search : undefined;
    if (JSON.stringify(seen) !== told) say(host, fits ? "" : TOO_LONG); // the reader has gone on
    keep(here ? full : plain);
  }
  let timer = 0;
  read();
  keep();
  addEventListener("hashchange", arrive);
  // Whoever follows a link leaves an entry that knows the last change, however late it was.
  const leave = (event) => timer && event.target.closest?.("a[href]") && write();
  document.addEventListener("click", leave, true);
  model.on("change", () => {
    clearTimeout(timer);
    timer = setTimeout(write, PAUSE);
  });
}

const hosts = (kind) => [...document.querySelectorAll(`[data-figure="${kind}"]`)];

// The values of an address by key; undefined where one is no JSON, or is given twice.
function parts(text) {
  const given = new Map();
  for (const part of text.split("&").filter(Boolean)) {
    const [key] = part.split("=");
    given.set(key, given.has(key) ? undefined : parsed(part.slice(part.indexOf("=") + 1)));
  }
  return given;
}

// Which parts of an address mean nothing here.
function complaint(wrong) {
  if (!wrong.length) return "";
  const names = wrong.slice(0, NAMED).map((key) => `“${key.slice(0, 40)}”`);
  const more = wrong.length - names.length;
  const all = names.join(", ") + (more ? ` and ${more} more` : "");
  return `The address gives ${all} a value that this figure cannot take: the usual one is used instead.`;
}

// A sentence on the address, in the figure; none takes it away.
function say(host, text) {
  const old = host.querySelector(".d2l-address");
  if (old?.textContent === text) return; // heard once
  old?.remove();
  if (!text) return;
  const said = sentence(text);
  said.className = "d2l-warn d2l-address";
  host.querySelector(".d2l-bar")?.after(said);
}

function sentence(text) {
  const said = document.createElement("p");
  said.setAttribute("role", "alert");
  said.textContent = text;
  return said;
}

// A figure that the address asks for and the page has not, as after one was moved.
function look() {
  document.querySelector(".d2l-nowhere")?.remove();
  const [, kind, place] = /^#([a-z_]+)-(\d+)\?/i.exec(location.hash) ?? [];
  if (!kind || hosts(kind)[Number(place) - 1]) return;
  const box = document.createElement("div"); // in the clothes of the page
  box.className = "admonition warning d2l-nowhere";
  box.append(sentence("The address asks for a figure that this page does not have."));
  document.querySelector("h1")?.after(box);
}

function parsed(text) {
  try {
    return JSON.parse(decodeURIComponent(text));
  } catch {
    return undefined; // somebody's typing: as if it were not there
  }
}

document.addEventListener("d2l-live", (event) => follow(event.target));
addEventListener("hashchange", look);
look();
