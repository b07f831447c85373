// Tries counters until the SHA-256 of "<token>.<counter>" begins with so many zero bits.
//
// Its own SHA-256: crypto.subtle hashes one message a promise, and its two hundred thousand promises take thirty times
// as long as the hashing.

const K = new Uint32Array(64);
const INITIAL = new Uint32Array(8);

// FIPS 180-4, sections 4.2.2 and 5.3.3: the first 32 bits of the fractions of cube and square roots of primes.
{
  const fraction = (value) => ((value - Math.floor(value)) * 2 ** 32) | 0;
  for (let candidate = 2, found = 0; found < 64; candidate++) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) isPrime &&= candidate % divisor !== 0;
    if (!isPrime) continue;
    if (found < 8) INITIAL[found] = fraction(Math.sqrt(candidate));
    K[found++] = fraction(Math.cbrt(candidate));
  }
}

const schedule = new Uint32Array(64);

function compress(state, bytes, offset) {
  for (let i = 0; i < 16; i++) {
    const at = offset + 4 * i;
    schedule[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i++) {
    const a = schedule[i - 15], b = schedule[i - 2];
    const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
    const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
    schedule[i] = (schedule[i - 16] + s0 + schedule[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + schedule[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0;
    d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

function begins(state, bits) {
  for (let word = 0; bits > 0; word++, bits -= 32) {
    if (bits < 32 ? state[word] >>> (32 - bits) !== 0 : state[word] !== 0) return false;
  }
  return true;
}

onmessage = ({ data: { token, difficulty } }) => {
  const encoder = new TextEncoder();
  const prefix = encoder.encode(`${token}.`);
  const whole = prefix.length - (prefix.length % 64);
  const start = INITIAL.slice();
  for (let offset = 0; offset < whole; offset += 64) compress(start, prefix, offset);
  // What is left of the prefix, the counter, and the padding fit two blocks at most.
  const block = new Uint8Array(128);
  const state = new Uint32Array(8);
  const rest = prefix.subarray(whole);
  for (let counter = 0; ; counter++) {
    const digits = encoder.encode(String(counter));
    const length = rest.length + digits.length;
    const size = length + 9 <= 64 ? 64 : 128;
    block.fill(0);
    block.set(rest);
    block.set(digits, rest.length);
    block[length] = 0x80;
    new DataView(block.buffer).setUint32(size - 4, (whole + length) * 8);
    state.set(start);
    compress(state, block, 0);
    if (size === 128) compress(state, block, 64);
    if (begins(state, difficulty)) {
      postMessage(`${token}.${counter}`);
      return;
    }
  }
};
