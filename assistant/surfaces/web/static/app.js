// The page: its frame, the theme, the connection, and the address that names a conversation.

import { open, startOver, talk } from "./conversation.js";
import { button, h, iconButton, put } from "./dom.js";
import { history } from "./history.js";
import { showData, showTastes } from "./kept.js";
import { language, t } from "./messages.js";
import { box, composer, log, panel, state } from "./parts.js";

const banner = h("p", { class: "banner", role: "status", hidden: true });
const side = h(
  "nav",
  { class: "side", id: "side", "aria-label": t.menu },
  button(t.newConversation, fromMenu(startOver), { kind: "primary", drawing: "plus" }),
  h("h2", {}, t.history),
  history,
  h(
    "div",
    { class: "side-end" },
    button(t.tasteMemory, fromMenu(showTastes), { drawing: "heart" }),
    button(t.myData, fromMenu(() => showData(startOver)), { drawing: "shield" }),
    button(themeName(), theme, { drawing: "theme" }),
  ),
);
const menu = iconButton(t.menu, "menu", () => setMenu(!document.body.classList.contains("menu-open")), { "aria-expanded": "false", "aria-controls": "side" });

function start() {
  document.documentElement.lang = language;
  document.title = t.name;
  menu.classList.add("menu");
  put(
    document.getElementById("app"),
    h("a", { class: "skip", href: "#message", on: { click: skip } }, t.skip),
    h("header", { class: "top" }, menu, h("h1", {}, t.name), h("p", { class: "small" }, t.tagline)),
    side,
    h("main", {}, banner, log, composer(talk)),
    panel,
  );
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") setMenu(false);
  });
  log.addEventListener("click", () => setMenu(false));
  for (const name of ["online", "offline"]) addEventListener(name, connection);
  addEventListener("hashchange", () => {
    if (fromHash() !== state.conversation) fromMenu(() => open(fromHash()))();
  });
  connection();
  open(fromHash());
}

function skip(event) {
  event.preventDefault(); // what stands behind # is the conversation
  box.focus();
}

function fromHash() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || null;
  } catch {
    return null; // an address that somebody broke names no conversation
  }
}

function connection() {
  banner.hidden = navigator.onLine;
  banner.textContent = t.offlineBanner;
}

// the side, which narrow pages show over the conversation

/** What an entry of the menu does; the menu goes. */
function fromMenu(does) {
  return () => {
    setMenu(false);
    return does();
  };
}

function setMenu(on) {
  document.body.classList.toggle("menu-open", on);
  menu.setAttribute("aria-expanded", String(on));
}

function themeName() {
  return `${t.theme}: ${t.themes[document.documentElement.dataset.theme ?? "system"]}`;
}

function theme(event) {
  const order = ["system", "light", "dark"];
  const next = order[(order.indexOf(document.documentElement.dataset.theme ?? "system") + 1) % order.length];
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("theme", next);
  } catch {
    // It holds for this visit.
  }
  event.currentTarget.querySelector("span").textContent = themeName();
}

start();
