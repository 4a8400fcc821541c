"""Opens pages without a network, and remembers whatever goes wrong on them."""


class Visitor:
    """Open pages with :meth:`open`; read what went wrong in ``faults``."""

    def __init__(self, browser):
        self.browser, self.contexts, self.faults = browser, [], []

    def open(self, url, *, width=1280, theme="light", settle=True):
        """An open page; ``settle`` waits until its formulas are set."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme
        )
        self.contexts.append(context)
        context.on("request", lambda request: self._ask(request.url, url))
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", self._listen)
        page.goto(url)
        if settle:
            page.evaluate("() => window.MathJax?.startup?.promise")
        return page

    def _ask(self, asked, url):
        if asked.startswith(("data:", "blob:")):
            return
        if asked.split("/", 3)[:3] != url.split("/", 3)[:3]:
            self.faults.append(f"asked another host: {asked}")

    def _listen(self, message):
        if message.type == "error":
            self.faults.append(f"console: {message.text}")

    def close(self):
        for context in self.contexts:
            context.close()
