"""What can be wrong with a page, as JavaScript that lists what is."""

# What reaches beyond the right edge, if the page scrolls sideways.
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("main *")]
    .filter(e => e.getBoundingClientRect().right > width + 1)
    .map(e => e.tagName + "." + e.className).slice(0, 8);
}"""

# What is cut off where a page turns to the next one.
CUT = """() => [...document.querySelectorAll(".prev-next-area a")]
  .filter(a => a.scrollWidth > a.clientWidth)
  .map(a => a.innerText)"""

# Pictures that did not load (also those that wait until a reader comes near), or are
# not put in words.
PICTURES = """async () => {
  for (const i of document.images) i.loading = "eager";
  await Promise.all([...document.images].filter(i => !i.complete)
    .map(i => new Promise(done => { i.onload = i.onerror = done; })));
  return [...document.images]
    .filter(i => getComputedStyle(i).display !== "none")
    .filter(i => !i.naturalWidth || !(i.alt || i.closest("a, button, [aria-hidden]")))
    .map(i => i.outerHTML.slice(0, 200));
}"""

# What a screen reader takes for the head of a column that says nothing, or for a part
# of a list that is none of its items.
MISREAD = """() => [...document.querySelectorAll("article th, [role=list] > *")]
  .filter(e => e.matches("th") ? !e.textContent.trim() : e.role !== "listitem")
  .map(e => e.outerHTML.slice(0, 200))"""

# Pictures that are stretched one way, by more than two pixels.
STRETCHED = """() => [...document.images]
  .filter(i => i.naturalWidth && i.checkVisibility())
  .filter(i => {
    const s = getComputedStyle(i), inner = (size, a, b) =>
      size - parseFloat(s["padding" + a]) - parseFloat(s["padding" + b]);
    const width = inner(i.clientWidth, "Left", "Right");
    const height = inner(i.clientHeight, "Top", "Bottom");
    return Math.abs(height - width * i.naturalHeight / i.naturalWidth) > 2;
  })
  .map(i => i.outerHTML.slice(-200))"""

# Formulas that were not set, or wrongly.
FORMULAS = """() => [...document.querySelectorAll(".math")]
  .filter(m => !m.querySelector("mjx-container") || m.querySelector("mjx-merror"))
  .map(m => m.textContent.slice(0, 80))"""

# Words too pale for what is behind them, by the measure of WCAG (4.5 to 1).
CONTRAST = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => parse(c).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const papers = new Map([[null, "rgb(255, 255, 255)"]]);
  const paper = e => {
    if (!papers.has(e)) {
      const c = getComputedStyle(e).backgroundColor, parts = parse(c);
      papers.set(e, parts.length < 4 || parts[3] > 0.99 ? c : paper(e.parentElement));
    }
    return papers.get(e);
  };
  const words = "p, a, li, h1, h2, h3, code, td, th, caption, pre span, figcaption";
  return [...document.querySelectorAll("article.bd-article")]
    .flatMap(a => [...a.querySelectorAll(words)])
    .filter(e => e.checkVisibility() && !e.matches(".headerlink, .headerlink *")
                 && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => [e, light(getComputedStyle(e).color), light(paper(e))])
    .map(([e, a, b]) => [e, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)])
    .filter(([e, ratio]) => ratio < 4.5)
    .map(([e, ratio]) => `${e.tagName}.${e.className} ${e.textContent.slice(0, 30)}` +
                         ` ${ratio.toFixed(1)}`).slice(0, 8);
}"""
