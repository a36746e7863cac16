// The only script that starts Civis: the page by the <script> of index.html, the worker as its own module.
// It may run nothing but the files that index.html names with their hashes (spec/wire.md, "Web delivery").
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
  return fetch(url, { integrity, priority, redirect: "error", referrerPolicy: "no-referrer" });
};

async function startPage() {
  // Trunk writes both links, with the hashes of what it built.
  const script = document.querySelector('link[rel="modulepreload"]');
  const wasm = document.querySelector('link[rel="preload"][type="application/wasm"]');
  // The preload of the module carries its hash; the import below takes the module that passed it.
  const [bindings, response] = await Promise.all([import(script.href), fetchChecked(wasm.href, wasm.integrity)]);
  globalThis.civisStartWorker = startWorker;
  await bindings.default({ module_or_path: response });
  fetchWorkerLater();
}

// The worker is more than half of the bundle and no screen needs it to be drawn: its files come once the page is there
// and the browser has nothing else to do, or at the first key or press, and are ready when somebody opens their safe.
function fetchWorkerLater() {
  const signs = ["keydown", "pointerdown"];
  const fetchNow = () => {
    signs.forEach((sign) => removeEventListener(sign, fetchNow));
    workerFiles("low").catch(() => {});
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

let fetched;

// Fetched, checked and compiled once; a failure is forgotten, so that the next call tries again.
function workerFiles(priority) {
  fetched ??= (async () => {
    const { js, jsIntegrity, wasm, wasmIntegrity } = document.querySelector('meta[name="civis-worker"]').dataset;
    // `import` in a worker takes no hash: reading the file with its hash first also leaves it in the cache.
    const [, module] = await Promise.all([
      fetchChecked(js, jsIntegrity, priority).then((file) => file.arrayBuffer()),
      WebAssembly.compileStreaming(fetchChecked(wasm, wasmIntegrity, priority)),
    ]);
    return { js: new URL(js, location.href).href, module };
  })().catch((error) => {
    fetched = undefined;
    throw error;
  });
  return fetched;
}

async function startWorker() {
  const files = await workerFiles("high");
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
