// Encrypts the same bytes three ways in one page, in turns, and writes MB/s (median of the turns) as JSON.
//
// Ours seals a body as an upload does: content hash, ChaCha20-Poly1305 chunks, part hash. libsodium and WebCrypto
// encrypt parts of one MiB; the lines "and ..." add the one hash that a store of hashed parts would need.

import start, { seal } from "/seal.js";

const MIB = 1024 * 1024;
const PARTS = 32;
const TURNS = 5;

const part = new Uint8Array(MIB);
for (let at = 0; at < MIB; at += 65536) crypto.getRandomValues(part.subarray(at, at + 65536));

const ways = {
  civis: () => {
    if (seal(part, PARTS * MIB) < PARTS * MIB) throw new Error("a part was refused");
  },
  libsodium: () => libsodium(false),
  "libsodium and blake2b": () => libsodium(true),
  "webcrypto aes-gcm": () => webcrypto(false),
  "webcrypto aes-gcm and sha-256": () => webcrypto(true),
};

function libsodium(hashed) {
  const key = sodium.crypto_secretstream_xchacha20poly1305_keygen();
  const { state } = sodium.crypto_secretstream_xchacha20poly1305_init_push(key);
  for (let number = 0; number < PARTS; number += 1) {
    const tag = sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    const sealed = sodium.crypto_secretstream_xchacha20poly1305_push(state, part, null, tag);
    if (hashed) sodium.crypto_generichash(32, sealed);
  }
}

async function webcrypto(hashed) {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  for (let number = 0; number < PARTS; number += 1) {
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setUint32(8, number);
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, part);
    if (hashed) await crypto.subtle.digest("SHA-256", sealed);
  }
}

const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
await Promise.all([start({ module_or_path: "/seal_bg.wasm" }), sodium.ready]);
for (let turn = 0; turn < TURNS; turn += 1) {
  for (const [name, way] of Object.entries(ways)) {
    const begun = performance.now();
    await way();
    times[name].push(performance.now() - begun);
  }
}
const speed = (all) => (PARTS * MIB) / 1e3 / all.sort((a, b) => a - b)[Math.floor(TURNS / 2)];
const result = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, Math.round(speed(all))]));
document.getElementById("result").textContent = JSON.stringify(result);
