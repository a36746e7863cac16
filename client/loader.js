// The only script that starts Civis: the page by the <script> of index.html, the worker as its own module.
// It may run nothing but the files that index.html names with their hashes (spec/wire.md, "Web delivery").
//
// A page begins with the door's program, which is small; the safe's, with every screen, comes once that one is drawn and
// takes its place when a safe opens. Where a safe is open already, the page begins with the safe's.
//
// Trusted Types: the policy `default` lets exactly one script URL through, this file's own, for `new Worker`.
// It has no createHTML and no createScript: markup and code from strings are refused, whoever asks.

const inWorker = typeof document === "undefined";

globalThis.trustedTypes?.createPolicy("default", {
  createScriptURL(url) {
    if (!inWorker && new URL(url, location.href).href === import.meta.url) return url;
    throw new TypeError("refused script URL");
  },
});

const fetchChecked = (url, integrity, priority = "auto") => {
  if (!integrity) throw new TypeError("a file without its hash");
  const ask = (cache) => fetch(url, { integrity, priority, cache, redirect: "error", referrerPolicy: "no-referrer" });
  // What the browser's cache keeps of a server that lied once would be refused for ever.
  return ask("default").catch(() => ask("reload"));
};

async function startPage() {
  globalThis.civisStartWorker = startWorker;
  globalThis.civisEnter = enter;
  globalThis.civisTakeEntry = takeEntry;
  if (isMarkedOpen()) await startSafe("high", () => {});
  else await startDoor();
  fetchRestLater();
}

// As platform/tabs.rs marks it. A browser that keeps nothing begins at the door.
function isMarkedOpen() {
  try {
    return localStorage.getItem("civis.open") !== null;
  } catch {
    return false;
  }
}

async function startDoor() {
  // Trunk writes both links, with the hashes of what it built.
  const script = document.querySelector('link[rel="modulepreload"]');
  const wasm = document.querySelector('link[rel="preload"][type="application/wasm"]');
  // The preload of the module carries its hash; the import below takes the module that passed it.
  const [bindings, response] = await Promise.all([import(script.href), fetchChecked(wasm.href, wasm.integrity)]);
  await bindings.default({ module_or_path: response });
}

async function startSafe(priority, leave) {
  const { js, jsIntegrity, module } = await programFiles("civis-safe", priority);
  const bindings = await importChecked(js, jsIntegrity);
  leave();
  await bindings.default({ module_or_path: module });
}

// What a preload fetched by its hash is the module that `import` takes. Browsers without preloads of modules take what
// `readProgram` left in the cache.
function importChecked(href, integrity) {
  const link = document.createElement("link");
  if (!link.relList.supports("modulepreload")) return import(href);
  return new Promise((resolve, reject) => {
    link.addEventListener("load", () => resolve(import(href)));
    link.addEventListener("error", () => reject(new TypeError("refused a program")));
    Object.assign(link, { rel: "modulepreload", href, integrity });
    document.head.append(link);
  });
}

let entry;

// Called by the door's program once its worker holds an open safe: what it knows waits here for the safe's program,
// `leave` takes the door's screens away, and the address becomes the safe's.
async function enter(worker, text, path, leave) {
  try {
    await startSafe("high", () => {
      leave();
      entry = { worker, text };
      history.replaceState(null, "", path);
    });
  } catch (error) {
    if (!entry) throw error;
    // The door is gone and the safe did not begin: a page that begins anew goes on with what the browser keeps.
    location.reload();
  }
}

// Asked by the safe's program, once.
function takeEntry() {
  const taken = entry;
  entry = undefined;
  return taken;
}

// The worker and the safe's program are most of the bundle, and no screen of the door needs them to be drawn: their files
// come once the page is there and the browser has nothing else to do, or at the first key or press, and are ready when
// somebody opens their safe.
function fetchRestLater() {
  const signs = ["keydown", "pointerdown"];
  const fetchNow = async () => {
    signs.forEach((sign) => removeEventListener(sign, fetchNow));
    await programFiles("civis-worker", "low").catch(() => {});
    await programFiles("civis-safe", "low").catch(() => {});
  };
  signs.forEach((sign) => addEventListener(sign, fetchNow, { passive: true }));
  const whenIdle = () => {
    if (globalThis.requestIdleCallback) requestIdleCallback(fetchNow, { timeout: 3000 });
    else setTimeout(fetchNow, 1000);
  };
  // A moment for what the first screen itself asks for: its letters and its drawings.
  const whenLoaded = () => setTimeout(whenIdle, 250);
  if (document.readyState === "complete") whenLoaded();
  else addEventListener("load", whenLoaded, { once: true });
}

const fetched = new Map();

// The two files of the program that this <meta> names: fetched, checked and compiled once; a failure is forgotten, so that
// the next call tries again.
function programFiles(name, priority) {
  if (!fetched.has(name)) {
    const files = readProgram(name, priority).catch((error) => {
      fetched.delete(name);
      throw error;
    });
    fetched.set(name, files);
  }
  return fetched.get(name);
}

async function readProgram(name, priority) {
  const { js, jsIntegrity, wasm, wasmIntegrity } = document.querySelector(`meta[name="${name}"]`).dataset;
  // `import` in a worker takes no hash: reading the file with its hash first also leaves it in the cache.
  const [, module] = await Promise.all([
    fetchChecked(js, jsIntegrity, priority).then((file) => file.arrayBuffer()),
    WebAssembly.compileStreaming(fetchChecked(wasm, wasmIntegrity, priority)),
  ]);
  return { js: new URL(js, location.href).href, jsIntegrity, module };
}

async function startWorker() {
  const files = await programFiles("civis-worker", "high");
  const worker = new Worker(import.meta.url, { type: "module", name: "civis" });
  const ready = new Promise((resolve, reject) => {
    worker.addEventListener("message", resolve, { once: true });
    worker.addEventListener("error", reject, { once: true });
  });
  worker.postMessage(files);
  await ready;
  return worker;
}

function waitForPage() {
  addEventListener(
    "message",
    async ({ data }) => {
      if (new URL(data.js).origin !== location.origin) throw new TypeError("refused script URL");
      const bindings = await import(data.js);
      await bindings.default({ module_or_path: data.module });
      // The program listens now; the page may speak.
      postMessage("ready");
    },
    { once: true },
  );
}

if (inWorker) waitForPage();
else startPage();
