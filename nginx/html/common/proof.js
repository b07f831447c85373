/** Puzzles that the API asks for while it suspects fraud. A worker solves them, so that the page stays alive. */

// Where the browser asks for it, a worker's address is one that this policy names: the one below, and no other.
const policy = self.trustedTypes?.createPolicy("proof-worker", { createScriptURL: () => "/common/proof-worker.js" });

/** @returns {Promise<string>} the value of the header `Proof-Of-Work` */
export function solve(puzzle) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(policy?.createScriptURL("") ?? "/common/proof-worker.js");
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = () => {
      worker.terminate();
      reject(new Error("the puzzle's worker ended"));
    };
    worker.postMessage({ token: puzzle.token, difficulty: puzzle.difficulty });
  });
}
