// Tries counters until the SHA-256 of "<token>.<counter>" begins with so many zero bits: of several such workers each has the
// counters that leave its own rest.

// Hashing is asked for in batches: waiting for each alone takes longer than the hash.
const BATCH = 64;
const encoder = new TextEncoder();

function begins(hash, bits) {
  const words = new DataView(hash);
  for (let at = 0; bits > 0; at += 4, bits -= 32) {
    if (Math.clz32(words.getUint32(at)) < Math.min(bits, 32)) return false;
  }
  return true;
}

onmessage = async ({ data: { token, difficulty, rest, workers } }) => {
  for (let first = rest; ; first += BATCH * workers) {
    const solutions = Array.from({ length: BATCH }, (_, index) => `${token}.${first + index * workers}`);
    const hashes = await Promise.all(solutions.map((solution) => crypto.subtle.digest("SHA-256", encoder.encode(solution))));
    const found = hashes.findIndex((hash) => begins(hash, difficulty));
    if (found >= 0) {
      postMessage(solutions[found]);
      return;
    }
  }
};
