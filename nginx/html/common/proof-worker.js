// Tries counters until the SHA-256 of "<token>.<counter>" begins with so many zero bits.

const encoder = new TextEncoder();

function begins(hash, bits) {
  const words = new DataView(hash);
  for (let at = 0; bits > 0; at += 4, bits -= 32) {
    if (Math.clz32(words.getUint32(at)) < Math.min(bits, 32)) return false;
  }
  return true;
}

onmessage = async ({ data: { token, difficulty } }) => {
  for (let counter = 0; ; counter++) {
    const solution = `${token}.${counter}`;
    if (begins(await crypto.subtle.digest("SHA-256", encoder.encode(solution)), difficulty)) {
      postMessage(solution);
      return;
    }
  }
};
