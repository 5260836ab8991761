// How failures are told, and what can be done about each.

import { button, h, put, replace } from "./dom.js";
import { t } from "./messages.js";
import { Failure, ask } from "./server.js";

/** What went wrong, in words. */
export function told(error) {
  if (!(error instanceof Failure)) return t.failed;
  if (error.kind === "offline") return navigator.onLine ? t.unreachable : t.offline;
  if (error.kind === "busy") return t.busy(error.seconds);
  if (error.kind === "cut") return t.cut;
  if (error.kind === "key") return t.keyAsk;
  return error.message || t.failed;
}

/** Tell it at a place, with a button to try again; where a key is wanted, ask for it. */
export function trouble(place, error, again) {
  if (!(error instanceof Failure)) console.error(error);
  if (error.kind === "key") {
    askKey(place, again);
    return;
  }
  const retry = (event) => {
    event.currentTarget.parentElement.remove();
    again();
  };
  put(place, h("div", { class: "trouble", role: "alert" }, h("p", {}, told(error)), button(t.retry, retry, { drawing: "retry" })));
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
    } catch (error) {
      replace(wrong, error.kind === "key" ? t.keyWrong : told(error));
    }
  };
  put(
    place,
    h(
      "form",
      { class: "trouble", on: { submit: enter } },
      h("h2", {}, t.keyAsk),
      h("p", { class: "small" }, t.keyTold),
      h("label", { for: "key" }, t.key),
      field,
      wrong,
      h("button", { type: "submit", class: "button primary" }, t.enter),
    ),
  );
}
