// The conversations that are kept, at the side.

import { clean, h, iconButton, replace } from "./dom.js";
import { t } from "./messages.js";
import { announce, state, sure } from "./parts.js";
import { ask, conversationPath } from "./server.js";
import { told } from "./troubles.js";

export const history = h("ul", { class: "history" });

/** List them anew. `left` is called when the one that is open was deleted. */
export async function listHistory(left) {
  let kept = [];
  try {
    kept = await ask("/api/conversations");
  } catch {
    return; // the conversation itself tells what is wrong
  }
  replace(history, kept.length === 0 && h("li", { class: "small" }, t.noHistory), kept.map((one) => row(one, left)));
}

function row(one, left) {
  const title = one.title || t.anything;
  const current = one.conversation === state.conversation && "page";
  return h(
    "li",
    {},
    h("a", { href: `#${encodeURIComponent(one.conversation)}`, "aria-current": current, dir: "auto" }, title),
    iconButton(t.deleteConversation(clean(title)), "trash", () => forget(one.conversation, left)),
  );
}

async function forget(id, left) {
  if (!(await sure(t.deleteConversationAsk, t.deleteConversationTold, t.delete))) return;
  try {
    await ask(conversationPath(id), { method: "DELETE" });
  } catch (error) {
    announce(told(error));
    return;
  }
  if (id === state.conversation) left();
  else listHistory(left);
}
