"""What all figure tests share: set states in the browser and read numbers back."""

import math
import random

import torch

# Sets each state on the page's first (or given) figure, waits for the drawing, and
# reads what the DOM shows: grids by name, other numbers by attribute, the problem.
READ = """async ([states, index]) => {
  const host = document.querySelectorAll(".d2l-host")[index];
  const model = host.d2lModel;
  const number = (node) => Number(node.dataset.value);
  const answers = [];
  for (const state of states) {
    for (const [key, value] of Object.entries(state)) model.set(key, value);
    model.save_changes();
    await new Promise((done) => queueMicrotask(() => queueMicrotask(done)));
    const grids = {};
    for (const body of host.querySelectorAll("[data-grid]")) {
      if (body.closest("[hidden]")) continue;
      grids[body.dataset.grid] = [...body.children].map((row) =>
        [...row.children].map(number));
    }
    const values = {};
    for (const node of host.querySelectorAll("[data-number]"))
      values[node.dataset.number] = number(node);
    const problem = host.querySelector("[data-problem]:not([hidden])");
    const formula = [...host.querySelectorAll("[data-formula]")];
    answers.push({ grids, values, problem: problem?.textContent ?? "",
      sum: host.querySelector("[data-sum]")?.textContent ?? "",
      formulas: formula.map((node) => node.textContent) });
  }
  return answers;
}"""


def read(page, states, index=0):
    """What the figure shows for each of `states` (dicts of traits), in order.

    Each answer is a dict: grids (name to rows of numbers), values (data-number to
    number), problem, sum, formulas.
    """
    page.wait_for_function("document.querySelector('.d2l-host[data-live]')?.d2lModel")
    return page.evaluate(READ, [states, index])


def state_of(page, index=0, *names):
    """The figure's traits as the page holds them."""
    return page.evaluate(
        "([index, names]) => Object.fromEntries(names.map((n) => "
        "[n, document.querySelectorAll('.d2l-host')[index].d2lModel.get(n)]))",
        [index, list(names)],
    )


GO = """(hash) => new Promise((done) => {
  addEventListener("hashchange", () => setTimeout(done), { once: true });
  location.hash = hash;
})"""


def go(page, hash):
    """Change the hash of the address, and wait until the page has seen it."""
    page.evaluate(GO, hash)


def greys(page, grid):
    """The greys from 0 to 255 in which a grid of the page draws its numbers."""
    return page.evaluate(
        "(grid) => [...document.querySelectorAll(`[data-grid=${grid}] [role=row]`)]"
        ".map((row) => [...row.children].map((cell) =>"
        " Number(/\\d+/.exec(cell.style.getPropertyValue('--grey'))[0])))",
        grid,
    )


def becomes(page, name, value, index=0):
    """Wait until the figure's trait has this value, as JSON writes it."""
    page.wait_for_function(
        "([index, name, value]) => JSON.stringify(document.querySelectorAll"
        "('.d2l-host')[index].d2lModel.get(name)) === JSON.stringify(value)",
        arg=[index, name, value],
    )


def close(shown, truth, tolerance=1e-5):
    """Whether nested numbers agree with a tensor, shape included."""
    shown = torch.as_tensor(shown, dtype=torch.float64)
    truth = torch.as_tensor(truth, dtype=torch.float64)
    return shown.shape == truth.shape and bool(
        torch.allclose(shown, truth, rtol=tolerance, atol=tolerance)
    )


def random_grid(rng: random.Random, *shape: int, whole: bool | None = None):
    """Nested lists of whole numbers, or of fractions, in −5 … 5."""
    whole = rng.random() < 0.5 if whole is None else whole
    if not shape:
        return rng.randint(-5, 5) if whole else round(rng.uniform(-5, 5), 4)
    return [random_grid(rng, *shape[1:], whole=whole) for _ in range(shape[0])]


def overflow(page):
    """Pixels by which the page is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


CONTRAST = """() => {
  const rgb = (text) => {
    const numbers = (text.match(/[\\d.]+/g) ?? []).map(Number);
    // color-mix() is reported as color(srgb r g b) with parts of 1
    return /^color/.test(text) ? numbers.map((v, i) => (i < 3 ? v * 255 : v)) : numbers;
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const papers = new Map([[null, [255, 255, 255]]]);
  const under = (node) => {
    if (!papers.has(node)) {
      const c = rgb(getComputedStyle(node).backgroundColor);
      papers.set(node, c.length === 3 || c[3] === 1 ? c : under(node.parentElement));
    }
    return papers.get(node);
  };
  const bad = [];
  for (const node of document.querySelectorAll(".d2l *")) {
    const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim());
    const input = node.matches("input:not([type=range]):not([type=radio])");
    if (!own && !input) continue;
    if (!node.checkVisibility() || node.disabled) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(under(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const name = `${node.tagName}.${node.className} ${node.textContent.slice(0, 20)}`;
    if (ratio < 4.5) bad.push(`${name}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(bad)];
}"""


def low_contrast(page):
    """Texts of the figures below the 4.5 : 1 that WCAG AA asks for."""
    return page.evaluate(CONTRAST)


UNNAMED = """() => [...document.querySelectorAll(
  ".d2l button, .d2l input, .d2l select, .d2l [role=grid], .d2l [role=group]")]
  .filter((n) => n.checkVisibility())
  .filter((n) => !n.getAttribute("aria-label"))
  .filter((n) => !document.getElementById(n.getAttribute("aria-labelledby")))
  .filter((n) => !n.closest("label")?.textContent.trim())
  .filter((n) => n.tagName !== "BUTTON" || !n.textContent.trim())
  .map((n) => n.outerHTML.slice(0, 120))"""


def unnamed(page):
    """Controls that a screen reader could not name."""
    return page.evaluate(UNNAMED)


def looks(page, *widths, also=lambda: None):
    """Demand a page that is fit to be read in both themes and at all `widths`."""
    page.emulate_media(reduced_motion="reduce")  # a button fades to its colour
    for theme, paper in (("light", "#ffffff"), ("dark", "#121212")):
        page.evaluate(DRESS, [theme, paper])
        page.wait_for_selector(f"html:not(:has(.d2l:not([data-theme={theme}])))")
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page) <= 0, (theme, width)
            assert low_contrast(page) == [], (theme, width)
            assert unnamed(page) == [], (theme, width)
            also()


DRESS = """([theme, paper]) => {
  document.documentElement.dataset.theme = theme;
  document.body.style.background = paper;
}"""


# Notes what a screen reader would be told: new texts of live regions, not of those that
# are off just then.
LISTEN = """() => {
  window.spoken = [];
  for (const one of document.querySelectorAll("[role=status]"))
    new MutationObserver(() => one.ariaLive === "off" || spoken.push(one.textContent))
      .observe(one, { childList: true, subtree: true });
}"""

# The spacing that WCAG lets a reader set; and of some elements, those that it cuts off.
SPACED = "* { letter-spacing: .12em !important; word-spacing: .16em !important }"
CUT = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth).length"


def finite(value):
    """Whether a number read from the page is one."""
    return isinstance(value, (int, float)) and math.isfinite(value)


# How a front end imports a figure's text and renders it on a model; what is tried
# with model, el, heard and stop follows, and a closing brace.
RENDERED = """async ([text, state]) => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const figure = (await import(url)).default;
  const heard = new Set();
  const model = {
    get: (key) => state[key],
    set: (key, value) => { state[key] = value; heard.forEach((call) => call()); },
    on: (event, call) => heard.add(call), off: (event, call) => heard.delete(call),
    save_changes() {}, send() {},
  };
  const el = document.body.appendChild(document.createElement("div"));
  const stop = figure.render({ model, el });"""
