// What a screen is judged by besides axe. Put into the page by the driver of the tests, never part of the bundle.
(() => {
  const shown = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true }) &&
    element.getClientRects().length > 0;

  const name = (element) => {
    const own = element.dataset?.testid ?? (element.id || element.className?.baseVal || element.className || "");
    const words = (element.getAttribute?.("aria-label") || element.innerText || "").trim().slice(0, 30);
    return `${element.tagName.toLowerCase()}[${own}]${words ? ` "${words}"` : ""}`;
  };

  // A modal dialog is all there is while it is open.
  const layer = () => [...document.querySelectorAll("dialog:modal")].pop() ?? document.body;

  // One of a group of radio buttons stands for all: the arrows do the rest.
  const key = (element) => (element.type === "radio" && element.name ? `radio ${element.name}` : element);

  const TAKES = "a[href], button, input, select, textarea, summary, iframe, [tabindex], [contenteditable=true]";

  const stops = () =>
    [...layer().querySelectorAll(TAKES)].filter(
      (element) => element.tabIndex >= 0 && !element.disabled && !element.closest("[inert]") && shown(element),
    );

  const layout = () => {
    const faults = [];
    const titles = [...document.querySelectorAll("h1")].filter(shown);
    if (titles.length !== 1) faults.push(`${titles.length} titles h1`);
    const primary = [...layer().querySelectorAll(".btn--primary")].filter(shown);
    if (primary.length > 1) faults.push(`${primary.length} primary actions: ${primary.map(name).join(", ")}`);
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) {
      const wide = [...document.body.querySelectorAll("*")].filter(
        (element) => shown(element) && element.getBoundingClientRect().right > root.clientWidth + 1,
      );
      faults.push(`scrolls sideways, ${root.scrollWidth} px wide: ${wide.slice(-4).map(name).join(", ")}`);
    }
    return faults;
  };

  // A ring is seen on the element itself, or on what stands for it where the element is hidden from sight.
  const ringed = (element) => {
    // A frame of another origin draws its own ring: the stories of the viewer ask it.
    if (element.tagName === "IFRAME") return true;
    const tiny = element.getBoundingClientRect().width <= 2;
    const places = [element, element.closest("label"), element.parentElement, element.nextElementSibling];
    return (tiny || element.type === "radio" || element.type === "checkbox" ? places : [element]).some((place) => {
      if (!place) return false;
      const style = getComputedStyle(place);
      return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    });
  };

  const covered = (element) => {
    const box = element.getBoundingClientRect();
    if (box.width <= 2 || element.tagName === "IFRAME") return false;
    const [x, y] = [box.left + Math.min(box.width / 2, 200), box.top + Math.min(box.height / 2, 40)];
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return true;
    // What is seen through hides nothing.
    const clear = (place) =>
      getComputedStyle(place).backgroundColor === "rgba(0, 0, 0, 0)" && !place.textContent.trim() && !place.querySelector("img, svg");
    const top = document.elementsFromPoint(x, y).find((place) => place === element || !clear(place));
    return !(top && (element.contains(top) || top.contains(element) || top.closest("label")?.contains(element)));
  };

  let wanted = new Map();
  const faults = new Set();

  globalThis.civisJudge = {
    layout,
    begin() {
      wanted = new Map(stops().map((element) => [key(element), name(element)]));
      faults.clear();
      document.activeElement?.blur?.();
      return wanted.size;
    },
    step() {
      const element = document.activeElement;
      if (!element || element === document.body) return wanted.size;
      wanted.delete(key(element));
      if (!layer().contains(element)) faults.add(`the focus leaves the dialog to ${name(element)}`);
      if (!ringed(element)) faults.add(`the focus is not seen on ${name(element)}`);
      if (covered(element)) faults.add(`the focus is hidden on ${name(element)}`);
      return wanted.size;
    },
    end() {
      return [...faults, ...[...wanted.values()].map((lost) => `the tabulator does not reach ${lost}`)];
    },
    async axe() {
      const { violations } = await axe.run(document, { resultTypes: ["violations"] });
      return violations.flatMap(({ id, nodes }) =>
        nodes.slice(0, 3).map(({ target, failureSummary, html }) =>
          `axe ${id}: ${target.join(" ")}: ${failureSummary.replace(/\s+/g, " ").slice(0, 260)} ${html.slice(0, 120)}`,
        ),
      );
    },
  };
})();
