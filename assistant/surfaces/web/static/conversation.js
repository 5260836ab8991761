// A conversation: opened anew or from the server, and the turns that are added to it.

import { card, evidence, reason, skeleton } from "./card.js";
import { button, calm, clean, h, iconButton, put, replace } from "./dom.js";
import { listHistory } from "./history.js";
import { t } from "./messages.js";
import { announce, box, log, setEditing, setReplying, state } from "./parts.js";
import { Failure, ask, conversationPath, say } from "./server.js";
import { told, trouble } from "./troubles.js";

const SLOW = 5000; // milliseconds until it is said that a reply takes long

/** Open a conversation by its id, or begin one where there is none. */
export async function open(id) {
  state.controller?.abort(); // its reply belongs to what is left
  state.controller = null;
  setReplying(false);
  state.conversation = id;
  state.turns = 0;
  setEditing(false);
  if (!id && location.hash) window.history.pushState(null, "", location.pathname);
  replace(log, h("p", { class: "small opening" }, t.opening));
  try {
    const kept = await ask(id ? conversationPath(id) : "/api/examples");
    if (state.conversation !== id) return; // another was opened meanwhile
    replace(log);
    if (id) {
      for (const turn of kept.turns) show(newTurn(turn.message, turn.message === "" ? t.tookBack("") : turn.message), turn.reply, turn.cards);
      log.lastElementChild.scrollIntoView();
    } else welcome(kept);
  } catch (error) {
    if (state.conversation !== id) return;
    replace(log);
    if (id && error.kind === "UnknownNameError") {
      window.history.replaceState(null, "", location.pathname);
      await open(null);
      log.prepend(h("p", { class: "small", role: "status" }, t.gone));
      return;
    }
    trouble(log, error, () => open(id));
  }
  listHistory(startOver);
  box.focus();
}

export const startOver = () => open(null);

function welcome(found) {
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

/** The place of a reply, under what was said. */
function newTurn(text, shownText) {
  log.querySelector(".welcome")?.remove();
  for (const old of log.querySelectorAll(".edit")) old.remove();
  const reply = h("div", { class: "reply" });
  const again = () => setEditing(true, text);
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

/** Say something, or take something back; the reply comes bit by bit. */
export async function talk({ text = "", take_back = [], edits = false, label = "" }) {
  if (state.controller) return;
  const body = { text, take_back, edits, ...(state.conversation && { conversation: state.conversation }) };
  const reply = newTurn(text, text || t.tookBack(label));
  const controller = (state.controller = new AbortController());
  setReplying(true);
  const status = h("p", { class: "small status" }, t.working);
  const cards = h("ol", { class: "cards" }, skeleton(), skeleton());
  put(reply, status, cards);
  reply.closest(".turn").scrollIntoView({ behavior: calm() ? "auto" : "smooth" });
  const slow = setTimeout(() => replace(status, t.slow), SLOW);
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
    announce(t.announce(clean(done.text), shown.map((one) => clean(one.title))));
    window.history.replaceState(null, "", `#${encodeURIComponent(state.conversation)}`);
    listHistory(startOver);
  } catch (error) {
    if (state.controller !== controller) return; // another conversation was opened
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
    if (state.controller === controller) {
      state.controller = null;
      setReplying(false);
      if (document.activeElement === document.body) log.focus({ preventScroll: true }); // what was clicked is gone
    }
  }
}

/** A whole reply, in place of what stood there while it came. */
function show(place, reply, cards) {
  state.turns += 1;
  place.lang = reply.language || "en";
  for (const old of log.querySelectorAll(".question, .held")) old.remove();
  const held = reply.held ?? [];
  const labels = [...new Set(held.map((one) => one.label))];
  const drops = reply.question?.drops ?? []; // what it offers to leave out
  const dropped = held.filter((one) => drops.includes(one.held_id)).map((one) => clean(one.label));
  const leaveOut = () => talk({ take_back: drops, label: dropped.join(", ") });
  replace(
    place,
    reply.answer ? [reason(reply.answer), evidence(reply.answer)] : h("p", { class: "text", dir: "auto" }, reply.text),
    held.length > 0 && h("div", { class: "held", role: "group", "aria-label": t.actingOn }, h("span", { class: "small" }, t.actingOn), labels.map((label) => chip(label, held.filter((one) => one.label === label)))),
    cards.length > 0 && h("ol", { class: "cards" }, cards.map((one) => card(one, does))),
    reply.question &&
      h(
        "div",
        { class: "question" },
        h("p", { dir: "auto" }, reply.question.text),
        h("div", { class: "chips" }, drops.length > 0 && button(t.yes, leaveOut, { kind: "chip" }), reply.question.options.map((option) => button(option, () => talk({ text: option }), { kind: "chip" }))),
      ),
  );
}

/** What a reply acts on, to be taken back: all that goes by one label, as a word does that is a genre and a mood. */
function chip(label, all) {
  const required = all.some((one) => one.promised);
  const takeBack = () => talk({ take_back: all.map((one) => one.held_id), label: clean(label) });
  return h(
    "span",
    { class: required ? "chip required" : "chip", title: required ? t.promised : t.preferred },
    h("span", { dir: "auto" }, label),
    iconButton(t.takeBack(clean(label)), "close", takeBack),
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
      announce(t.noted[kind], " ", t.notedMore);
      return true;
    } catch (error) {
      announce(told(error));
      return false;
    }
  },
};
