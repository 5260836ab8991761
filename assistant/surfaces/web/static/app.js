// The page: a conversation, what it holds, and what is kept of whoever talks.

import { card, evidence, reason, skeleton } from "./card.js";
import { button, calm, clean, h, iconButton, put, replace } from "./dom.js";
import { t } from "./messages.js";
import { Failure, ask, conversationPath, say, tastePath } from "./server.js";

const SLOW = 5000;

const state = { conversation: null, controller: null, editing: false, turns: 0 };
const log = h("div", { class: "log", role: "log", "aria-live": "off", "aria-label": t.conversation, tabindex: 0 });
const spoken = h("p", { class: "unseen", "aria-live": "polite" });
const banner = h("p", { class: "banner", role: "status", hidden: true });
const box = h("textarea", { id: "message", rows: 2, maxlength: 8000, placeholder: t.placeholder, "aria-label": t.message });
const send = h("button", { type: "submit", class: "button primary" }, t.send);
const stop = button(t.stop, () => state.controller?.abort(), { kind: "primary" });
const editing = h("p", { class: "small", hidden: true }, t.editing, " ", button(t.cancel, () => setEditing(false), { kind: "quiet" }));
const form = h("form", { class: "composer", on: { submit } }, editing, h("div", { class: "row" }, box, send, stop), h("p", { class: "small" }, t.hint));
const history = h("ul", { class: "history" });
const panel = h("dialog", { class: "panel", "aria-label": t.tasteMemory });
const side = h(
  "nav",
  { class: "side", id: "side", "aria-label": t.menu },
  button(t.newConversation, () => open(null), { kind: "primary", drawing: "plus" }),
  h("h2", {}, t.history),
  history,
  h("div", { class: "side-end" }, button(t.tasteMemory, tastes, { drawing: "heart" }), button(t.myData, data, { drawing: "shield" }), button(themeName(), theme, { drawing: "theme" })),
);
const menu = iconButton(t.menu, "menu", () => setMenu(!document.body.classList.contains("menu-open")), { "aria-expanded": "false", "aria-controls": "side" });

function start() {
  menu.classList.add("menu");
  put(
    document.getElementById("app"),
    h("a", { class: "skip", href: "#message", on: { click: skip } }, t.skip),
    h("header", { class: "top" }, menu, h("h1", {}, t.name), h("p", { class: "small" }, t.tagline)),
    side,
    h("main", {}, banner, log, form),
    spoken,
    panel,
  );
  stop.hidden = true;
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") setMenu(false);
  });
  for (const name of ["online", "offline"]) addEventListener(name, connection);
  addEventListener("hashchange", () => {
    if (fromHash() !== state.conversation) open(fromHash());
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

function setEditing(on) {
  state.editing = on;
  editing.hidden = !on;
  if (!on) box.value = "";
}

// conversations

async function open(id) {
  state.controller?.abort();
  state.conversation = id;
  state.turns = 0;
  setEditing(false);
  setMenu(false);
  if (!id && location.hash) window.history.pushState(null, "", location.pathname);
  replace(log);
  try {
    if (id) {
      const kept = await ask(conversationPath(id));
      for (const turn of kept.turns) {
        const reply = newTurn(turn.message, turn.message === "" ? t.tookBack("") : turn.message);
        show(reply, turn.reply, turn.cards);
      }
    } else await welcome();
  } catch (error) {
    if (id && error.kind === "UnknownNameError") {
      window.history.replaceState(null, "", location.pathname);
      await open(null);
      log.prepend(h("p", { class: "small", role: "status" }, t.gone));
      return;
    }
    trouble(log, error, () => open(id));
  }
  listHistory();
  box.focus();
}

async function welcome() {
  const found = await ask("/api/examples");
  put(
    log,
    h(
      "section",
      { class: "welcome" },
      h("h2", {}, t.welcome),
      h("p", {}, t.welcomeMore(found.items)),
      h("p", { class: "small" }, t.tryOne),
      h("div", { class: "chips" }, found.examples.map((example) => button(example, () => talk({ text: example }), { kind: "chip" }))),
    ),
  );
}

async function listHistory() {
  let kept = [];
  try {
    kept = await ask("/api/conversations");
  } catch {
    return; // the conversation itself tells what is wrong
  }
  replace(
    history,
    kept.length === 0 && h("li", { class: "small" }, t.noHistory),
    kept.map((one) => {
      const title = one.title || t.anything;
      const current = one.conversation === state.conversation && "page";
      return h(
        "li",
        {},
        h("a", { href: `#${encodeURIComponent(one.conversation)}`, "aria-current": current, dir: "auto" }, title),
        iconButton(t.deleteConversation(clean(title)), "trash", () => forgetConversation(one.conversation)),
      );
    }),
  );
}

async function forgetConversation(id) {
  if (!(await sure(t.deleteConversationAsk, t.deleteConversationTold, t.delete))) return;
  try {
    await ask(conversationPath(id), { method: "DELETE" });
  } catch (error) {
    replace(spoken, told(error));
    return;
  }
  if (id === state.conversation) open(null);
  else listHistory();
}

// turns

function submit(event) {
  event.preventDefault();
  const text = box.value.trim();
  if (!text || state.controller) return;
  const edits = state.editing;
  setEditing(false);
  box.value = "";
  talk({ text, edits });
}

function newTurn(text, shownText) {
  log.querySelector(".welcome")?.remove();
  for (const old of log.querySelectorAll(".edit")) old.remove();
  const reply = h("div", { class: "reply" });
  const again = () => {
    box.value = text;
    state.editing = true;
    editing.hidden = false;
    box.focus();
  };
  put(
    log,
    h(
      "section",
      { class: "turn" },
      h("div", { class: "said" }, h("h2", { class: "unseen" }, t.you), h("p", { dir: "auto" }, shownText), text && button(t.edit, again, { kind: "quiet edit", drawing: "edit" })),
      reply,
    ),
  );
  return reply;
}

async function talk({ text = "", take_back = [], edits = false, label = "" }) {
  if (state.controller) return;
  const body = { text, take_back, edits, ...(state.conversation && { conversation: state.conversation }) };
  const reply = newTurn(text, text || t.tookBack(label));
  const controller = (state.controller = new AbortController());
  stop.hidden = false;
  send.hidden = true;
  log.setAttribute("aria-busy", "true");
  const status = h("p", { class: "small status" }, t.working);
  const cards = h("ol", { class: "cards" });
  put(reply, status, cards);
  put(cards, skeleton(), skeleton());
  scroll(reply);
  const slow = setTimeout(() => put(replace(status), t.slow), SLOW);
  let done = null;
  const shown = [];
  try {
    for await (const { name, data: told } of say(body, controller.signal)) {
      if (name === "started") {
        state.conversation = told.conversation;
      } else if (name === "ranked") {
        replace(status, t.phrasing);
        reply.prepend(h("p", { class: "text", dir: "auto" }, told.text));
        replace(cards, Array.from({ length: told.count }, skeleton));
      } else if (name === "card") {
        cards.children[shown.length]?.replaceWith(card(told, does));
        shown.push(told);
      } else if (name === "error") throw new Failure(told.kind, told.message);
      else if (name === "replied") done = told;
    }
    if (!done) throw new Failure("cut");
    if (edits) reply.closest(".turn").previousElementSibling?.remove(); // what it stands in for
    show(reply, done, shown);
    replace(spoken, t.announce(clean(done.text), shown.map((one) => clean(one.title))));
    window.history.replaceState(null, "", `#${encodeURIComponent(state.conversation)}`);
    listHistory();
  } catch (error) {
    replace(reply);
    const again = () => {
      reply.closest(".turn").remove();
      talk({ text, take_back, edits, label });
    };
    if (error.name === "AbortError") put(reply, h("p", { class: "small" }, t.stopped), h("div", {}, button(t.retry, again, { drawing: "retry" })));
    else trouble(reply, error, again);
    if (state.turns === 0) state.conversation = null;
  } finally {
    clearTimeout(slow);
    state.controller = null;
    stop.hidden = true;
    send.hidden = false;
    log.removeAttribute("aria-busy");
  }
}

/** A whole reply, in place of what stood there while it came. */
function show(place, reply, cards) {
  state.turns += 1;
  place.lang = reply.language || "en";
  for (const old of log.querySelectorAll(".question, .held")) old.remove();
  const held = reply.held ?? [];
  replace(
    place,
    reply.answer ? [reason(reply.answer), evidence(reply.answer)] : h("p", { class: "text", dir: "auto" }, reply.text),
    held.length > 0 &&
      h(
        "div",
        { class: "held", role: "group", "aria-label": t.actingOn },
        h("span", { class: "small" }, t.actingOn),
        held.map((one) =>
          h(
            "span",
            { class: one.promised ? "chip required" : "chip", title: one.promised ? t.promised : t.preferred },
            h("span", { dir: "auto" }, one.label),
            iconButton(t.takeBack(clean(one.label)), "close", () => talk({ take_back: [one.held_id], label: clean(one.label) })),
          ),
        ),
      ),
    cards.length > 0 && h("ol", { class: "cards" }, cards.map((one) => card(one, does))),
    reply.question &&
      h(
        "div",
        { class: "question" },
        h("p", { dir: "auto" }, reply.question.text),
        h("div", { class: "chips" }, reply.question.options.map((option) => button(option, () => talk({ text: option }), { kind: "chip" }))),
      ),
  );
}

const does = {
  why: (given) => talk({ text: t.whyThisText(clean(given.title)) }),
  whyNot: (given) => {
    const [before, hole, after] = t.whyNotText(clean(given.title));
    box.value = before + hole + after;
    box.focus();
    box.setSelectionRange(before.length, before.length + hole.length);
  },
  react: async (given, kind) => {
    try {
      await ask("/api/events", { method: "POST", body: { item_id: given.item_id, kind } });
      replace(spoken, t.noted[kind], " ", t.notedMore);
      return true;
    } catch (error) {
      replace(spoken, told(error));
      return false;
    }
  },
};

function told(error) {
  if (!(error instanceof Failure)) return t.failed;
  if (error.kind === "offline") return navigator.onLine ? t.unreachable : t.offline;
  if (error.kind === "busy") return t.busy(error.seconds);
  if (error.kind === "cut") return t.cut;
  if (error.kind === "key") return t.keyAsk;
  return error.message || t.failed;
}

function trouble(place, error, again) {
  if (!(error instanceof Failure)) console.error(error);
  if (error.kind === "key") return askKey(place, again);
  put(place, h("div", { class: "trouble", role: "alert" }, h("p", {}, told(error)), button(t.retry, (event) => {
    event.currentTarget.parentElement.remove();
    again();
  }, { drawing: "retry" })));
}

function askKey(place, again) {
  const field = h("input", { type: "password", id: "key", autocomplete: "off", required: true });
  const wrong = h("p", { role: "alert" });
  const enter = async (event) => {
    event.preventDefault();
    try {
      await ask("/api/session", { method: "POST", headers: { Authorization: `Bearer ${field.value.trim()}` } });
      replace(place);
      again();
    } catch {
      replace(wrong, t.keyWrong);
    }
  };
  put(place, h("form", { class: "trouble", on: { submit: enter } }, h("h2", {}, t.keyAsk), h("p", { class: "small" }, t.keyTold), h("label", { for: "key" }, t.key), field, wrong, h("button", { type: "submit", class: "button primary" }, t.enter)));
}

function scroll(element) {
  element.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "nearest" });
}

// panels

function openPanel(title, ...content) {
  replace(panel, h("header", { class: "panel-head" }, h("h2", {}, title), iconButton(t.close, "close", () => panel.close())), content);
  panel.setAttribute("aria-label", title);
  if (!panel.open) panel.showModal();
}

function sure(question, more, yes) {
  return new Promise((resolve) => {
    const answer = (given) => {
      panel.close();
      resolve(given);
    };
    openPanel(question, h("p", {}, more), h("div", { class: "row" }, button(t.cancel, () => answer(false)), button(yes, () => answer(true), { kind: "danger" })));
    panel.addEventListener("close", () => resolve(false), { once: true });
  });
}

async function tastes() {
  setMenu(false);
  const act = async (path, options) => {
    try {
      await ask(path, options);
    } catch (error) {
      replace(spoken, told(error));
    }
    tastes();
  };
  let kept;
  try {
    kept = await ask("/api/tastes");
  } catch (error) {
    openPanel(t.tasteMemory, h("p", { role: "alert" }, told(error)));
    return;
  }
  const row = (entry) => {
    const value = h("input", { value: clean(entry.value), "aria-label": t.value });
    const stance = h("select", { "aria-label": t.stance }, ["true", "false"].map((one) => h("option", { value: one, selected: String(entry.likes) === one }, t.stances[one])));
    const save = (event) => {
      event.preventDefault();
      act(tastePath(entry.entry_id), { method: "PATCH", body: { value: value.value, likes: stance.value === "true" } });
    };
    return h(
      "li",
      {},
      h("p", {}, h("strong", {}, entry.likes ? t.likes : t.avoids), " ", h("span", { dir: "auto" }, entry.value)),
      h("p", { class: "small", dir: "auto" }, `“${clean(entry.words)}”`, entry.evidence.length > 0 && ` · ${t.restsOn(entry.evidence.length)}`),
      h("details", {}, h("summary", {}, t.correct), h("form", { class: "row", on: { submit: save } }, value, stance, h("button", { type: "submit", class: "button" }, t.save))),
      h(
        "div",
        { class: "row" },
        entry.source === "proposed" && button(t.confirm, () => act(`${tastePath(entry.entry_id)}/confirm`, { method: "POST" }), { drawing: "check" }),
        button(t.delete, () => act(tastePath(entry.entry_id), { method: "DELETE" }), { drawing: "trash" }),
      ),
    );
  };
  const stated = kept.filter((entry) => entry.source === "stated");
  const guessed = kept.filter((entry) => entry.source !== "stated");
  openPanel(
    t.tasteMemory,
    h("p", { class: "small" }, t.tastesTold),
    stated.length ? h("ul", { class: "tastes" }, stated.map(row)) : h("p", {}, t.noTastes),
    h("h3", {}, t.guesses),
    h("p", { class: "small" }, t.guessesTold),
    h("ul", { class: "tastes" }, guessed.map(row)),
    button(t.guess, async () => {
      await ask("/api/tastes/propose", { method: "POST" });
      await tastes();
    }),
  );
}

async function data() {
  setMenu(false);
  try {
    const me = await ask("/api/me");
    openPanel(
      t.myData,
      h("p", {}, t.kept(me)),
      h("p", { class: "small" }, t.keptTold),
      h(
        "div",
        { class: "row" },
        h("a", { class: "button", href: "/api/me/export", download: "my-data.json" }, t.export),
        button(t.erase, async () => {
          if (!(await sure(t.eraseAsk, t.eraseTold, t.eraseYes))) return;
          await ask("/api/me", { method: "DELETE" });
          await open(null);
          openPanel(t.myData, h("p", { role: "status" }, t.erased));
        }, { kind: "danger" }),
      ),
    );
  } catch (error) {
    openPanel(t.myData, h("p", { role: "alert" }, told(error)));
  }
}

start();
