// The one program of the framed page /viewer. It shows bytes that the page around it hands over, and can do nothing else:
// its origin is opaque, its policy lets no request leave, and it holds no key (spec/wire.md, "Web delivery").
//
// client/bundle.mjs puts before it, into one inline script whose hash the policy names: `pdfjs` (pdf.js),
// `pdfjsWorker` (the text of its worker) and `pdfjsWasm` (its decoders of scanned images, base64).

/** Pages of a PDF that are laid out; the rest is said in words. */
const MAX_PAGES = 500;
/** Pages that hold pixels at one time. */
const MAX_LIVE = 5;
/** Pixels of one page, and of one image inside a PDF. */
const MAX_PIXELS = 16_000_000;
/** Pieces of text on one page for which the unseen words are laid over it. */
const MAX_WORDS = 20_000;
/** Widest and narrowest zoom. */
const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];

/** Trusted Types: the one script that may start is the worker shipped in this very file. */
const workers = globalThis.trustedTypes?.createPolicy("viewer", {
  createScriptURL(url) {
    if (url === workerUrl) return url;
    throw new TypeError("refused script URL");
  },
});
let workerUrl;

/** Decoders that pdf.js would otherwise fetch; anything else it asks for is not there. */
class Shipped {
  async fetch({ filename }) {
    const packed = pdfjsWasm[filename];
    if (!packed) throw new Error("not shipped");
    return Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  }
}

addEventListener("message", function hear(event) {
  // The page around us, once; its line is the only one that is listened to from then on.
  if (event.source !== parent || event.origin !== location.origin || event.ports.length !== 1) return;
  removeEventListener("message", hear);
  new Viewer(event.ports[0]).listen();
});

class Viewer {
  constructor(line) {
    this.line = line;
    this.zoom = ZOOMS.indexOf(1);
    this.page = 1;
    this.resized = 0;
  }

  listen() {
    this.line.onmessage = ({ data }) => {
      if (data.show) this.show(data);
      else if (data.thumbnail) this.thumbnail(data);
      else if (data.zoom) this.zoomBy(data.zoom);
      else if (data.page) this.goTo(data.page);
      else if (data.theme !== undefined) this.dress(data.theme);
    };
    addEventListener("resize", () => {
      clearTimeout(this.resized);
      this.resized = setTimeout(() => this.layOut?.(), 150);
    });
    // Whatever the policy had to stop is told, so that it can be noticed.
    addEventListener("securitypolicyviolation", (event) => this.say({ refused: event.effectiveDirective }));
    addEventListener("scroll", () => this.sayPage(), { passive: true });
  }

  say(word) {
    this.line.postMessage(JSON.stringify(word));
  }

  dress(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  }

  async show({ show, bytes, media, name, pageWord, lang, theme }) {
    document.documentElement.lang = lang;
    this.dress(theme);
    this.pageWord = pageWord;
    try {
      if (show === "pdf") await this.showPdf(bytes);
      else if (show === "image") await this.showImage(bytes, media, name);
      else if (show === "text") this.showText(bytes);
    } catch (error) {
      this.say({ failed: error?.name === "PasswordException" ? "locked" : "unreadable" });
    }
  }

  async open(bytes) {
    workerUrl ??= URL.createObjectURL(new Blob([pdfjsWorker], { type: "text/javascript" }));
    const port = new Worker(workers ? workers.createScriptURL(workerUrl) : workerUrl);
    port.onerror = () => this.say({ failed: "unreadable" });
    const task = pdfjs.getDocument({
      data: new Uint8Array(bytes),
      worker: pdfjs.PDFWorker.create({ port, verbosity: 0 }),
      BinaryDataFactory: Shipped,
      useWorkerFetch: false,
      // The decoders come from `Shipped`; the one for colour profiles would be fetched, and is left out.
      wasmUrl: null,
      isEvalSupported: false,
      enableXfa: false,
      disableAutoFetch: true,
      maxImageSize: MAX_PIXELS,
      canvasMaxAreaInBytes: MAX_PIXELS * 4,
      verbosity: 0,
    });
    return task.promise;
  }

  async showPdf(bytes) {
    this.pdf = await this.open(bytes);
    const first = (await this.pdf.getPage(1)).getViewport({ scale: 1 });
    const count = Math.min(this.pdf.numPages, MAX_PAGES);
    this.live = [];
    this.sheets = Array.from({ length: count }, (_, index) => {
      const element = document.createElement("section");
      element.className = "sheet";
      element.setAttribute("aria-label", this.pageWord.replace("{page}", index + 1));
      document.body.append(element);
      // Until a page is drawn it is taken to be like the first.
      return { number: index + 1, element, size: first };
    });
    this.layOut = () => {
      for (const sheet of this.sheets) this.fit(sheet);
      this.redraw();
    };
    for (const sheet of this.sheets) this.fit(sheet);
    this.seen = new IntersectionObserver((entries) => this.look(entries), { rootMargin: "50% 0px" });
    for (const { element } of this.sheets) this.seen.observe(element);
    this.say({ pages: this.pdf.numPages, shown: count });
  }

  fit({ element, size }) {
    const width = Math.max(120, document.documentElement.clientWidth - 32) * ZOOMS[this.zoom];
    const fitted = Math.min(width, MAX_WIDTH * ZOOMS[this.zoom]);
    element.style.width = `${fitted}px`;
    element.style.height = `${(fitted * size.height) / size.width}px`;
  }

  look(entries) {
    for (const { target, isIntersecting } of entries) {
      const sheet = this.sheets.find(({ element }) => element === target);
      sheet.near = isIntersecting;
      if (isIntersecting) this.draw(sheet);
    }
  }

  /** Draws a page. One at a time, the oldest is given up where too many hold pixels. */
  draw(sheet) {
    if (sheet.drawn) return;
    sheet.drawn = true;
    this.live.push(sheet);
    while (this.live.length > MAX_LIVE) this.clear(this.live.find(({ near }) => !near) ?? this.live[0]);
    this.turn = (this.turn ?? Promise.resolve())
      .then(() => sheet.drawn && this.paint(sheet))
      // A page that cannot be drawn stays white; the others do not wait for it.
      .catch(() => this.say({ broken: sheet.number }));
  }

  clear(sheet) {
    sheet.drawn = false;
    sheet.element.replaceChildren();
    this.live = this.live.filter((other) => other !== sheet);
  }

  redraw() {
    for (const sheet of [...this.live]) this.clear(sheet);
    for (const sheet of this.sheets) if (sheet.near) this.draw(sheet);
  }

  async paint(sheet) {
    const page = await this.pdf.getPage(sheet.number);
    sheet.size = page.getViewport({ scale: 1 });
    this.fit(sheet);
    const scale = sheet.element.clientWidth / sheet.size.width;
    const canvas = await drawPage(page, scale * Math.min(devicePixelRatio, 2));
    if (!sheet.drawn) return;
    canvas.setAttribute("aria-hidden", "true");
    sheet.element.replaceChildren(canvas);
    const text = await page.getTextContent();
    if (text.items.length > MAX_WORDS || !sheet.drawn) return;
    const words = document.createElement("div");
    words.className = "words-over";
    words.style.setProperty("--total-scale-factor", scale);
    sheet.element.append(words);
    await new pdfjs.TextLayer({
      textContentSource: text,
      container: words,
      viewport: page.getViewport({ scale }),
    }).render();
  }

  async showImage(bytes, media, name) {
    const picture = new Image();
    picture.className = "picture";
    picture.alt = name;
    // Not `decode()`: a frame that is not seen yet may never get to it.
    await new Promise((done, failed) => {
      picture.onload = done;
      picture.onerror = failed;
      picture.src = URL.createObjectURL(new Blob([bytes], { type: media }));
    });
    this.layOut = () => {
      const room = Math.max(120, document.documentElement.clientWidth - 32);
      picture.width = Math.min(room, picture.naturalWidth) * ZOOMS[this.zoom];
    };
    this.layOut();
    document.body.append(picture);
    this.say({ pages: 1, shown: 1 });
  }

  showText(bytes) {
    const words = document.createElement("pre");
    words.className = "words";
    words.tabIndex = 0;
    words.textContent = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    this.layOut = () => {
      words.style.fontSize = `${1.0625 * ZOOMS[this.zoom]}rem`;
    };
    document.body.append(words);
    this.say({ pages: 1, shown: 1 });
  }

  zoomBy(step) {
    const zoom = Math.max(0, Math.min(ZOOMS.length - 1, this.zoom + Math.sign(step)));
    if (zoom === this.zoom) return;
    const at = document.documentElement.scrollTop / document.documentElement.scrollHeight;
    this.zoom = zoom;
    this.layOut?.();
    document.documentElement.scrollTop = at * document.documentElement.scrollHeight;
    this.say({ zoom: Math.round(ZOOMS[zoom] * 100) });
  }

  goTo(number) {
    this.sheets?.[number - 1]?.element.scrollIntoView();
  }

  /** The page that holds the upper third of what is seen. */
  sayPage() {
    const line = innerHeight / 3;
    const at = this.sheets?.find(({ element }) => element.getBoundingClientRect().bottom > line);
    if (at && at.number !== this.page) {
      this.page = at.number;
      this.say({ page: at.number });
    }
  }

  /** A small picture of the first page, for the list. */
  async thumbnail({ bytes, side }) {
    try {
      const page = await (await this.open(bytes)).getPage(1);
      const { width, height } = page.getViewport({ scale: 1 });
      const canvas = await drawPage(page, side / Math.max(width, height));
      const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8));
      const made = await small.arrayBuffer();
      this.line.postMessage(made, [made]);
    } catch {
      this.say({ failed: "unreadable" });
    }
  }
}

async function drawPage(page, wanted) {
  const { width, height } = page.getViewport({ scale: 1 });
  const viewport = page.getViewport({ scale: Math.min(wanted, Math.sqrt(MAX_PIXELS / (width * height))) });
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.floor(viewport.width));
  canvas.height = Math.max(1, Math.floor(viewport.height));
  // What was filled into a form is drawn with the page; nothing of it can be pressed.
  await page.render({ canvas, viewport, annotationMode: pdfjs.AnnotationMode.ENABLE }).promise;
  return canvas;
}

/** A page fills the frame up to this width, at 100 %. */
const MAX_WIDTH = 900;
