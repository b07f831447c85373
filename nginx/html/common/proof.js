/** Puzzles that the API asks for while it suspects fraud. Workers solve them, so that the page stays alive. */

// Where the browser asks for it, a worker's address is one that this policy names: the one below, and no other.
const policy = self.trustedTypes?.createPolicy("proof-worker", { createScriptURL: () => "/common/proof-worker.js" });
// A phone has more cores than it can keep cool.
const MOST_WORKERS = 4;

/** @returns {Promise<string>} the value of the header `Proof-Of-Work` */
export function solve({ token, difficulty }) {
  const count = Math.min(navigator.hardwareConcurrency || 1, MOST_WORKERS);
  const workers = Array.from({ length: count }, () => new Worker(policy?.createScriptURL("") ?? "/common/proof-worker.js"));
  const solved = workers.map((worker, rest) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = () => reject(new Error("the puzzle's worker ended"));
    worker.postMessage({ token, difficulty, rest, workers: count });
  }));
  return Promise.any(solved).finally(() => workers.forEach((worker) => worker.terminate()));
}
