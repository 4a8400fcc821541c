// A task in a Web Worker of its own, so that the page stays smooth while it computes.

/** @typedef {{ postMessage(message: any, transfer?: Transferable[]): void,
 *   onmessage: ((event: MessageEvent) => void) | null }} Port */

// @ts-expect-error: where a figure imports ./engine.js, the page has it under this name too
const engine = () => d2lmini.engine;

// Starts `task(engine, port, helpers)`, a function that uses nothing but its arguments, and
// calls hear(message) for what it posts; helpers are such functions too.  The worker is made from text, since a page on a
// disk may load none; where even that is forbidden the task runs in the page.
// Returns { send(message), stop() }.
/** @param {(engine: any, port: Port, helpers: any) => void} task @param {(message: any) => void} hear
 *  @param {Record<string, Function>} [helpers] */
export function worker(task, hear, helpers = {}) {
  if (!engine()) throw new Error("A file of this page did not arrive. Reload the page.");
  const more = Object.entries(helpers).map(([name, helper]) => `${name}: ${helper}`);
  const text = `(${task})((${engine()})(), self, { ${more.join(", ")} });`;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  let answered = false;
  /** @type {any[]} */
  const sent = [];
  /** @type {Worker | MessagePort} */
  let port;
  const listen = () => {
    port.onmessage = (event) => {
      answered = true;
      hear(event.data);
    };
  };
  function inside() {
    const channel = new MessageChannel();
    task(engine()(), channel.port2, helpers);
    port = channel.port1;
    listen();
    for (const message of sent) port.postMessage(message);
  }
  try {
    port = new Worker(url);
    port.onerror = () => answered || inside();
    listen();
  } catch {
    inside();
  }
  return {
    send(message) {
      if (!answered) sent.push(message);
      port.postMessage(message);
    },
    stop() {
      URL.revokeObjectURL(url);
      port.onmessage = null;
      if (port instanceof Worker) port.terminate();
      else port.close();
    },
  };
}
