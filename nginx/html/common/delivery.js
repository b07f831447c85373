import { element } from "./dom.js";
import { say } from "./words.js";

const STAGES = {
  queued: "waiting", sending: "waiting", unknown: "sent", sent: "sent", delivered: "delivered", undelivered: "failed", failed: "failed", expired: "failed",
};
// Whoever waits hears within two seconds that it is in vain; later than that few still look.
const SOON = 1_500, LATER = 10_000, SOON_FOR = 90_000;

/**
 * What becomes of a code on its way, for who waits for it.
 *
 * @param {() => Promise<{code?: {channel: string, status: string}}>} look asks the API
 * @param {AbortSignal} signal ends it
 * @returns {{ node: Element, follow: () => void }} `follow` begins anew, with the code that was sent now
 */
export function delivery(look, signal) {
  const node = element("p", { role: "status" });
  let timer, since;

  function draw(code) {
    const stage = STAGES[code?.status];
    const text = stage ? say(`code.delivery.${code.channel}.${stage}`) : "";
    // Only what is new is said.
    if (node.textContent === text) return;
    node.className = stage === "failed" ? "notice bad" : "small quiet";
    node.textContent = text;
  }

  async function check() {
    // The step has given way to another.
    if (!node.isConnected) return;
    let code;
    try {
      if (document.visibilityState === "visible" && navigator.onLine) {
        ({ code } = await look());
        if (!signal.aborted) draw(code);
      }
    } catch (problem) {
      // The code is used, over, or another's: what is entered next says which.
      if ([401, 404, 410].includes(problem.status)) return;
    }
    if (signal.aborted || code?.status === "delivered") return;
    timer = setTimeout(check, Date.now() - since < SOON_FOR ? SOON : LATER);
  }

  function follow() {
    clearTimeout(timer);
    draw();
    since = Date.now();
    timer = setTimeout(check, SOON / 3);
  }

  signal.addEventListener("abort", () => clearTimeout(timer));
  return { node, follow };
}
