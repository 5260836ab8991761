// What the modules of the page share: its state, the log, the line that is spoken, the box to write in.

import { button, h, iconButton, put, replace } from "./dom.js";
import { t } from "./messages.js";

/** `controller` is there while a reply comes; `editing`: whether what is sent stands in for the last message. */
export const state = { conversation: null, controller: null, editing: false, turns: 0 };

export const log = h("div", { class: "log", role: "log", "aria-live": "off", "aria-label": t.conversation, tabindex: 0 });

const spoken = h("p", { class: "unseen", "aria-live": "polite" });

/** Have a screen reader say something, once: a finished reply, or what became of a click. */
export function announce(...words) {
  replace(spoken, ...words);
}

// writing

export const box = h("textarea", { id: "message", rows: 2, maxlength: 8000, placeholder: t.placeholder, "aria-label": t.message });
const send = h("button", { type: "submit", class: "button primary" }, t.send);
const stop = button(t.stop, () => state.controller?.abort(), { kind: "primary" });
const editing = h("p", { class: "small", hidden: true }, t.editing, " ", button(t.cancel, () => setEditing(false), { kind: "quiet" }));
const form = h("form", { class: "composer" }, editing, h("div", { class: "row" }, box, send, stop), h("p", { class: "small" }, t.hint));

/** The box with its buttons; `say({text, edits})` sends what was written. */
export function composer(say) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text || state.controller) return;
    const edits = state.editing;
    setEditing(false);
    box.value = "";
    say({ text, edits });
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  setReplying(false);
  return [form, spoken];
}

export function setEditing(on, text = "") {
  state.editing = on;
  editing.hidden = !on;
  box.value = text;
  if (on) box.focus();
}

/** Whether a reply is coming: then it can be stopped, and nothing can be sent. */
export function setReplying(on) {
  const lost = stop === document.activeElement;
  stop.hidden = !on;
  send.hidden = on;
  if (lost && !on) box.focus();
  if (on) log.setAttribute("aria-busy", "true");
  else log.removeAttribute("aria-busy");
}

// a panel over the page

export const panel = h("dialog", { class: "panel", "aria-label": t.tasteMemory });

export function openPanel(title, ...content) {
  const head = h("header", { class: "panel-head" }, h("h2", {}, title), iconButton(t.close, "close", () => panel.close()));
  put(replace(panel, head), content);
  panel.setAttribute("aria-label", title);
  if (!panel.open) panel.showModal();
}

/** Ask before something that cannot be undone. */
export function sure(question, more, yes) {
  return new Promise((resolve) => {
    const answer = (given) => {
      panel.close();
      resolve(given);
    };
    openPanel(question, h("p", {}, more), h("div", { class: "row" }, button(t.cancel, () => answer(false)), button(yes, () => answer(true), { kind: "danger" })));
    panel.addEventListener("close", () => resolve(false), { once: true });
  });
}
