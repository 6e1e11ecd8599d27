// Compares a chosen file with the hash on the page. The file is read here and goes nowhere.
// SHA-256 (FIPS 180-4) by hand: crypto.subtle is missing where a node is reached without TLS.
"use strict";

function roots(power) {
  // the first 32 bits of the fractions of roots of the first 64 primes
  const found = [];
  for (let n = 2; found.length < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) { prime = false; break; }
    if (prime) found.push(((n ** power) % 1) * 4294967296 >>> 0);
  }
  return found;
}
const ROUNDS = roots(1 / 3);

function sha256(bytes) {
  const state = roots(1 / 2).slice(0, 8), words = new Uint32Array(64);
  const blocks = (bytes.length + 8 >> 6) + 1, padded = new Uint8Array(blocks * 64), view = new DataView(padded.buffer);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setUint32(blocks * 64 - 8, Math.floor(bytes.length / 536870912));
  view.setUint32(blocks * 64 - 4, bytes.length << 3);
  const turn = (x, n) => x >>> n | x << 32 - n;
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 64; i++) {
      if (i < 16) { words[i] = view.getUint32(at + 4 * i); continue; }
      const a = words[i - 15], b = words[i - 2];
      words[i] = words[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >>> 3) + words[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ b >>> 10);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (e & f ^ ~e & g) + ROUNDS[i] + words[i] | 0;
      const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, d + one | 0, c, b, a, one + two | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] = state[i] + value >>> 0; });
  }
  return state.map((value) => value.toString(16).padStart(8, "0")).join("");
}

const box = document.getElementById("compare"), chosen = document.getElementById("file"), told = document.getElementById("told");
if (box && chosen && told) {
  box.hidden = false;
  chosen.addEventListener("change", async () => {
    const file = chosen.files[0];
    if (!file) return;
    const same = file.size < 268435456 && sha256(new Uint8Array(await file.arrayBuffer())) === box.dataset.sha256;
    told.textContent = same ? box.dataset.same : box.dataset.other;
    told.className = same ? "notice good" : "trouble";
  });
}
