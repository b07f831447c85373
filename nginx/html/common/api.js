import { solve } from "./proof.js";

/** What a request came to when it did not succeed: the API's error, or `offline` and `unreachable`, which are ours. */
export class Problem extends Error {
  /** @param {Object} fields those of the API's error, and `status` and `retryAfter` (seconds) */
  constructor(fields) {
    super(fields.error ?? fields.code);
    Object.assign(this, fields);
    /** Until when there is nothing to be tried, in milliseconds of this clock; null where that is not known. */
    this.waitsUntil = fields.retryAfter ? Date.now() + fields.retryAfter * 1000 : null;
  }
}

/** Thrown by an act that its person has broken off: nothing is wrong, and nothing is said. */
export class Cancelled extends Error {}

const PATIENCE = 25_000;
let leaving = new AbortController();

/** Breaks off what is being asked: nobody waits for it any more. */
export function breakOff() {
  leaving.abort();
  leaving = new AbortController();
}

/**
 * Asks the API. The session is a cookie that scripts cannot read; the API refuses such requests from other sites.
 *
 * @returns the answer's JSON, or null where there is none
 * @throws {Problem}
 */
export async function call(method, path, body, headers = {}) {
  const own = leaving;
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.any([AbortSignal.timeout(PATIENCE), own.signal]),
    });
  } catch {
    if (own.signal.aborted) throw new Cancelled();
    throw new Problem({ status: 0, code: navigator.onLine ? "unreachable" : "offline" });
  }
  const data = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json().catch(() => null) : null;
  if (answer.ok) return data;
  if (answer.status === 428 && data?.puzzle && !headers["Proof-Of-Work"]) {
    return call(method, path, body, { ...headers, "Proof-Of-Work": await solve(data.puzzle) });
  }
  throw new Problem({
    code: "unreachable", ...data,
    status: answer.status, retryAfter: Number(answer.headers.get("Retry-After")) || null,
  });
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const put = (path, body) => call("PUT", path, body);
export const patch = (path, body) => call("PATCH", path, body);
export const remove = (path, body) => call("DELETE", path, body);
