// Panels of what is kept of whoever talks: their tastes, and everything.

import { button, clean, h, replace } from "./dom.js";
import { t } from "./messages.js";
import { announce, openPanel, sure } from "./parts.js";
import { ask, tastePath } from "./server.js";
import { told } from "./troubles.js";

/** The taste memory, to see and to correct. */
export async function showTastes() {
  let kept;
  try {
    kept = await ask("/api/tastes");
  } catch (error) {
    openPanel(t.tasteMemory, h("p", { role: "alert" }, told(error)));
    return;
  }
  const stated = kept.filter((entry) => entry.source === "stated");
  const guessed = kept.filter((entry) => entry.source !== "stated");
  const note = h("p", { class: "small", role: "status" });
  const guess = async () => {
    try {
      const now = await ask("/api/tastes/propose", { method: "POST" });
      if (now.length > kept.length) await showTastes();
      else replace(note, t.noGuesses);
    } catch (error) {
      replace(note, told(error));
    }
  };
  openPanel(
    t.tasteMemory,
    h("p", { class: "small" }, t.tastesTold),
    stated.length ? h("ul", { class: "tastes" }, stated.map(entryRow)) : h("p", { class: "nothing" }, t.noTastes),
    h("h3", {}, t.guesses),
    h("p", { class: "small" }, t.guessesTold),
    guessed.length > 0 && h("ul", { class: "tastes" }, guessed.map(entryRow)),
    h("div", { class: "row" }, button(t.guess, guess), note),
  );
}

async function change(path, options) {
  try {
    await ask(path, options);
  } catch (error) {
    announce(told(error));
  }
  await showTastes();
}

function entryRow(entry) {
  const path = tastePath(entry.entry_id);
  const value = h("input", { value: clean(entry.value), "aria-label": t.value });
  const stances = ["true", "false"].map((one) => h("option", { value: one, selected: String(entry.likes) === one }, t.stances[one]));
  const stance = h("select", { "aria-label": t.stance }, stances);
  const save = (event) => {
    event.preventDefault();
    change(path, { method: "PATCH", body: { value: value.value, likes: stance.value === "true" } });
  };
  const rests = entry.evidence.length > 0 && ` · ${t.restsOn(entry.evidence.length)}`;
  return h(
    "li",
    {},
    h("p", {}, h("strong", {}, entry.likes ? t.likes : t.avoids), " ", h("span", { dir: "auto" }, entry.value)),
    h("p", { class: "small", dir: "auto" }, `“${clean(entry.words)}”`, rests),
    h(
      "div",
      { class: "row" },
      h("details", {}, h("summary", {}, t.correct), h("form", { class: "row", on: { submit: save } }, value, stance, h("button", { type: "submit", class: "button" }, t.save))),
      entry.source === "proposed" && button(t.confirm, () => change(`${path}/confirm`, { method: "POST" }), { drawing: "check" }),
      button(t.delete, () => change(path, { method: "DELETE" }), { drawing: "trash" }),
    ),
  );
}

/** How much is kept; take it away, or have it erased. `erased` is called once it is. */
export async function showData(erased) {
  const erase = async () => {
    if (!(await sure(t.eraseAsk, t.eraseTold, t.eraseYes))) return;
    try {
      await ask("/api/me", { method: "DELETE" });
    } catch (error) {
      openPanel(t.myData, h("p", { role: "alert" }, told(error)));
      return;
    }
    await erased();
    openPanel(t.myData, h("p", { role: "status" }, t.erased));
  };
  try {
    const me = await ask("/api/me");
    openPanel(
      t.myData,
      h("p", {}, t.kept(me)),
      h("p", { class: "small" }, t.keptTold),
      h("div", { class: "row" }, h("a", { class: "button", href: "/api/me/export", download: "my-data.json" }, t.export), button(t.erase, erase, { kind: "danger" })),
    );
  } catch (error) {
    openPanel(t.myData, h("p", { role: "alert" }, told(error)));
  }
}
