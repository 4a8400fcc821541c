// Figures, formulas and pictures come after the text and take more room than what stood
// in their place.  A browser holds what is being read where it is ("scroll anchoring");
// in one that does not, this does.  Only a site loads it.

if (!CSS.supports("overflow-anchor", "auto")) {
  const blocks = [...document.querySelectorAll("article section > :not(section)")];
  let held = blocks.at(0); // what stands at the top of the window
  let top = 0; // where it stood when it was last looked at
  let y = 0; // and how far the page was scrolled then
  const hold = () => {
    held = blocks.find((block) => block.getBoundingClientRect().bottom > 0);
    top = held?.getBoundingClientRect().top ?? 0;
    y = scrollY;
  };
  // Every scroll is meant, be it the reader's, that of a link that is followed to its place,
  // or the browser's, which keeps that place while the page loads, heard of or not.
  addEventListener("scroll", hold, { passive: true });
  const watch = new ResizeObserver(() => {
    const moved = held ? held.getBoundingClientRect().top - top : 0;
    if (moved && scrollY === y) scrollBy(0, moved);
    hold();
  });
  for (const block of blocks) watch.observe(block);
  hold();
}
