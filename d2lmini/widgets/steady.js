// Figures, formulas and pictures come after the text and take more room than what stood
// in their place.  A browser holds what is being read where it is ("scroll anchoring");
// in one that does not, this does.  Only a site loads it.

if (!CSS.supports("overflow-anchor", "auto")) {
  const blocks = document.querySelectorAll("article section > :not(section)");
  const heights = new Map([...blocks].map((block) => [block, block.clientHeight]));
  const watch = new ResizeObserver((changes) => {
    for (const { target } of changes) {
      const grown = target.clientHeight - (heights.get(target) ?? 0);
      heights.set(target, target.clientHeight);
      // one after the other, from the top: those before it are made good by now
      if (target.getBoundingClientRect().bottom - grown <= 0) scrollBy(0, grown);
    }
  });
  for (const block of blocks) watch.observe(block);
}
