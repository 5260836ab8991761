// Elements are built here and nowhere else. Text becomes text nodes, so nothing that was said is ever markup.

// What shows nothing and may hide something, or turn the direction of what stands around it; line ends stay, and joiners
// stay where letters of a script that needs them, or the parts of one picture, stand on both sides.
const UNSHOWN =
  /((?<=[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])(?<![\0-\x7f])[\u200c\u200d](?=[\p{L}\p{M}\p{Extended_Pictographic}])(?![\0-\x7f])|[\n\t])|[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

export const clean = (text) => String(text ?? "").replace(UNSHOWN, (_, kept) => kept ?? "");

/** An element. `properties`: `class`, `on` (listeners by name), `data` (dataset), else attributes; null, undefined and
 * false are left out. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") element.className = value;
    else if (key === "on") for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (key === "data") Object.assign(element.dataset, value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  put(element, ...children);
  return element;
}

/** Append children: elements, texts; what is null or false is left out. */
export function put(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(clean(child)));
  }
  return element;
}

export function replace(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  plus: "M12 5v14M5 12h14",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  like: "M7 11v9H4v-9zM7 11l4-7c1.6 0 2.5 1 2.5 2.500L13 10h5.500a2 2 0 0 1 2 2.400l-1.3 6A2 2 0 0 1 17.2 20H7",
  dislike: "M7 13V4H4v9zM7 13l4 7c1.6 0 2.5-1 2.5-2.500L13 14h5.500a2 2 0 0 0 2-2.400l-1.3-6A2 2 0 0 0 17.2 4H7",
  seen: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  check: "M5 12.500l4.5 4.500L19 7.5",
  dash: "M6 12h12",
  heart: "M12 20s-7.5-4.6-7.5-10A4.3 4.3 0 0 1 12 7.3 4.3 4.3 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10z",
  shield: "M12 3l7.5 3v5.500c0 4.5-3 8-7.5 9.5-4.5-1.5-7.5-5-7.5-9.500V6z",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  warn: "M12 8v5M12 16.500v.100M12 3.5 2.8 19.500h18.400z",
  retry: "M5 12a7 7 0 1 0 2.2-5.100M5 4v4h4",
};

/** A drawing beside words, or in a button that has a name of its own. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button with words, and a drawing where one is named. */
export function button(words, onClick, { kind = "plain", drawing, ...more } = {}) {
  return h("button", { type: "button", class: `button ${kind}`, on: { click: onClick }, ...more }, drawing && icon(drawing), h("span", {}, words));
}

/** A button that only shows a drawing. */
export function iconButton(name, drawing, onClick, more = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": clean(name), title: clean(name), on: { click: onClick }, ...more }, icon(drawing));
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
