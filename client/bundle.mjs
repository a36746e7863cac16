// Last step of `trunk build` (a hook of Trunk.toml). Makes the icon sprite from the icons that the page uses, names the
// programs that trunk does not name and the drawings by their hash, joins the framed viewer page into one file, writes
// names and hashes into index.html, and copies the licences beside what they cover. Reads only the source tree and the
// staging folder; the same tree gives the same bytes.

import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const source = process.env.TRUNK_SOURCE_DIR ?? ".";
const staging = process.env.TRUNK_STAGING_DIR;
if (!staging) throw new Error("run by trunk, which names the staging folder");

writeSprite();
nameByHash();
writeViewer();
copyLicences();

function nameByHash() {
  const page = join(staging, "index.html");
  let html = readFileSync(page, "utf8");
  for (const [place, from, to] of [
    ["WORKER_JS", "worker.js", (hash) => `worker-${hash}.js`],
    ["WORKER_WASM", "worker_bg.wasm", (hash) => `worker-${hash}_bg.wasm`],
    ["SAFE_JS", "safe.js", (hash) => `safe-${hash}.js`],
    ["SAFE_WASM", "safe_bg.wasm", (hash) => `safe-${hash}_bg.wasm`],
    ["ICONS", "icons.svg", (hash) => `icons-${hash}.svg`],
    ["ART", "art.svg", (hash) => `art-${hash}.svg`],
  ]) {
    const digest = createHash("sha384").update(readFileSync(join(staging, from))).digest();
    const name = to(digest.toString("hex").slice(0, 16));
    html = replaceOnce(html, `${place}_PATH`, `/${name}`);
    // What is drawn is not run: only programs carry their whole hash.
    if (/\.(js|wasm)$/.test(name)) html = replaceOnce(html, `${place}_HASH`, `sha384-${digest.toString("base64")}`);
    renameSync(join(staging, from), join(staging, name));
  }
  writeFileSync(page, html);
}

function replaceOnce(text, from, to) {
  if (text.split(from).length !== 2) throw new Error(`index.html should hold ${from} once`);
  return text.replace(from, () => to);
}

function writeSprite() {
  // The names stand once, in the enum of components/icon.rs.
  const names = [...readFileSync(join(source, "client/src/components/icon.rs"), "utf8").matchAll(/=> "([a-z0-9-]+)"/g)];
  const own = readFileSync(join(source, "client/assets/marks.svg"), "utf8");
  const symbols = names
    .map(([, name]) => name)
    .filter((name) => !own.includes(`id="${name}"`))
    .sort()
    .map((name) => {
      const icon = readFileSync(join(source, "node_modules/lucide-static/icons", `${name}.svg`), "utf8");
      const shapes = icon.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
      return (
        `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" ` +
        `stroke-linecap="round" stroke-linejoin="round">${shapes.replace(/\s+/g, " ").trim()}</symbol>`
      );
    });
  const marks = own.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").trim();
  writeFileSync(
    join(staging, "icons.svg"),
    `<svg xmlns="http://www.w3.org/2000/svg">\n${marks}\n${symbols.join("\n")}\n</svg>\n`,
  );
}

// The framed page is one file: whoever has an opaque origin can load nothing that only this origin may, so nothing has to
// be opened to others for it. Script and style are inline; the server's policy and index.html name their hashes.
function writeViewer() {
  const from = (path) => readFileSync(join(source, path), "utf8");
  const pdfjs = (file) => from(`node_modules/pdfjs-dist/legacy/build/${file}`);
  const quoted = (value) => JSON.stringify(value).replaceAll("<", "\\u003c");
  const decoders = {};
  for (const file of ["jbig2.wasm", "openjpeg.wasm"]) {
    decoders[file] = readFileSync(join(source, "node_modules/pdfjs-dist/wasm", file)).toString("base64");
  }
  const program = [
    `const pdfjs = ${asFunction(pdfjs("pdf.min.mjs"))};`,
    // No browser starts a module as a worker under an opaque origin; a plain script it does.
    `const pdfjsWorker = ${quoted(asFunction(pdfjs("pdf.worker.min.mjs").replaceAll("import.meta.url", '"worker:"')))};`,
    `const pdfjsWasm = ${quoted(decoders)};`,
    from("client/viewer/viewer.js"),
  ].join("\n");
  const style = from("client/viewer/viewer.css");
  for (const text of [program, style]) if (/<\/?(script|style)|<!--|\r|\0/i.test(text)) throw new Error("cannot stand inline");
  const page = replaceOnce(from("client/viewer/viewer.html"), "VIEWER_STYLE", style);
  writeFileSync(join(staging, "viewer.html"), replaceOnce(page, "VIEWER_PROGRAM", program));
  const index = join(staging, "index.html");
  let html = readFileSync(index, "utf8");
  for (const [place, text] of [["VIEWER_SCRIPT_HASH", program], ["VIEWER_STYLE_HASH", style]]) {
    html = replaceOnce(html, place, `sha256-${createHash("sha256").update(text).digest("base64")}`);
  }
  writeFileSync(index, html);
}

/** A module as a function that runs at once: its one list of exports becomes what it returns. */
function asFunction(module) {
  const parts = module.split("export{");
  if (parts.length !== 2) throw new Error("pdf.js should export one list");
  const [list, rest] = parts[1].split("}");
  if (rest.trim() !== ";") throw new Error("pdf.js should end with what it exports");
  const fields = list.split(",").map((name) => name.trim().split(" as "));
  return `(() => {\n${parts[0]}return{${fields.map(([name, as]) => `${as ?? name}:${name}`).join(",")}};\n})()`;
}

function copyLicences() {
  const to = join(staging, "licences");
  mkdirSync(to, { recursive: true });
  const font = "node_modules/@fontsource-variable/atkinson-hyperlegible-next/LICENSE";
  copyFileSync(join(source, font), join(to, "atkinson-hyperlegible-next.txt"));
  copyFileSync(join(source, "node_modules/lucide-static/LICENSE"), join(to, "lucide.txt"));
  copyFileSync(join(source, "node_modules/pdfjs-dist/LICENSE"), join(to, "pdfjs.txt"));
  for (const part of ["JBIG2", "OPENJPEG", "PDFJS_JBIG2", "PDFJS_OPENJPEG"]) {
    const licence = join(source, "node_modules/pdfjs-dist/wasm", `LICENSE_${part}`);
    copyFileSync(licence, join(to, `${part.toLowerCase().replace("_", "-")}.txt`));
  }
  copyFileSync(join(source, "THIRD_PARTY.md"), join(to, "THIRD_PARTY.md"));
}
