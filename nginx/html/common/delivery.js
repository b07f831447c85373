import { element } from "./dom.js";
import { say } from "./words.js";

const STAGES = {
  queued: "waiting", sending: "waiting", unknown: "waiting", sent: "sent", delivered: "delivered", undelivered: "failed", failed: "failed", expired: "failed",
};
// Whoever waits hears within two seconds that it is in vain; later than that few still look. In the end nobody does: looking
// keeps a session alive, which must not outlive who uses it.
const SOON = 1_500, LATER = 10_000, SOON_FOR = 90_000, LOOKS_FOR = 300_000;

/**
 * What becomes of a code on its way, for who waits for it.
 *
 * @param {() => Promise<{code?: {channel: string, status: string}}>} look asks the API
 * @param {AbortSignal} signal ends it
 * @param {(seen: Object) => void} tell what was seen
 * @param {(problem: Problem) => void} complain what was answered instead
 * @returns {{ node: Element, follow: () => void, pause: () => Promise, resume: () => void }} `follow` begins anew, with the
 *   code that was sent now; while it pauses nothing is asked, and nothing is on its way once `pause` is done
 */
export function delivery(look, signal, tell, complain) {
  const node = element("p", { role: "status" });
  // Of the code that is followed; an answer about an earlier one comes too late.
  let current = 0;
  let isPaused = false, looking;

  function draw(code) {
    const stage = STAGES[code?.status];
    const text = stage ? say(`code.delivery.${code.channel}.${stage}`) : "";
    // Only what is new is said.
    if (node.textContent === text) return;
    node.className = stage === "failed" ? "notice bad" : "small quiet";
    node.textContent = text;
  }

  async function check(mine, since) {
    const isOver = () => mine !== current || signal.aborted || !node.isConnected;
    if (isOver()) return;
    let seen;
    try {
      if (document.visibilityState === "visible" && navigator.onLine && !isPaused) seen = await (looking = look());
      if (isOver()) return;
      if (seen) {
        draw(seen.code);
        tell(seen);
      }
    } catch (problem) {
      if (isOver()) return;
      complain(problem);
      // There is nothing to be seen any more.
      if ([401, 404, 410].includes(problem.status)) return;
    }
    const age = Date.now() - since;
    if (seen?.code?.status === "delivered" || age > LOOKS_FOR) return;
    setTimeout(check, age < SOON_FOR ? SOON : LATER, mine, since);
  }

  function follow() {
    current += 1;
    draw();
    setTimeout(check, SOON / 3, current, Date.now());
  }

  /** While a code is judged: the answer to a look would speak of what is just changing. */
  async function pause() {
    isPaused = true;
    await looking?.catch(() => {});
  }

  return { node, follow, pause, resume: () => (isPaused = false) };
}
