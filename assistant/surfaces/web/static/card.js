// A recommendation: what it is, why, what every claim of the reason rests on, and what can be said to it.

import { button, clean, h, icon, put } from "./dom.js";
import { t } from "./messages.js";

const PICTURE = /^\/pictures\/[^/?#]+$/;

/** The card of a recommendation. `does`: `why(card)`, `whyNot(card)`, `react(card, kind)`, a promise. */
export function card(given, does) {
  const title = h("h3", { class: "card-title", dir: "auto" }, given.title);
  if (given.year !== null && given.year !== undefined) put(title, " ", h("span", { class: "card-year" }, given.year));
  return h(
    "li",
    { class: "card", data: { item: given.item_id } },
    picture(given),
    h(
      "article",
      { class: "card-body" },
      h(
        "header",
        { class: "card-head" },
        title,
        given.label && h("span", { class: "badge" }, given.label),
        given.details && h("p", { class: "card-details", dir: "auto" }, given.details),
      ),
      reason(given.explanation),
      evidence(given.explanation),
      actions(given, does),
    ),
  );
}

function picture(given) {
  if (!given.picture || !PICTURE.test(given.picture)) return h("div", { class: "card-number", "aria-hidden": "true" }, given.position);
  const frame = h("div", { class: "card-picture" });
  const image = h("img", { src: given.picture, alt: "", loading: "lazy", decoding: "async", width: 72, height: 108 });
  image.addEventListener("error", () => {
    frame.classList.add("blank");
    frame.replaceChildren(h("span", { "aria-hidden": "true" }, [...clean(given.title)][0] ?? ""));
  });
  return put(frame, image);
}

/** The words of an explanation; what is supported is underlined. */
export function reason(explanation) {
  const told = h("p", { class: "reason", dir: "auto" });
  const letters = [...explanation.text]; // claims count characters, and strings here count halves of some
  let at = 0;
  for (const claim of [...explanation.claims].sort((one, other) => one.start - other.start)) {
    if (claim.verdict !== "supported" || claim.start < at || claim.end > letters.length) continue;
    put(told, letters.slice(at, claim.start).join(""));
    put(told, h("span", { class: "claim" }, letters.slice(claim.start, claim.end).join("")));
    at = claim.end;
  }
  return put(told, letters.slice(at).join(""));
}

/** What the explanation rests on, claim by claim. */
export function evidence(explanation) {
  const facts = new Map(explanation.facts.map((fact) => [fact.fact_id, fact]));
  const used = new Set();
  let checked = 0;
  const rows = new Map(); // what is said twice, and rests on the same, is one row
  for (const claim of [...explanation.claims].sort((one, other) => one.start - other.start)) {
    const supporting = claim.fact_ids.map((id) => facts.get(id)).filter(Boolean);
    for (const fact of supporting) used.add(fact.fact_id);
    const same = JSON.stringify([claim.text, claim.verdict, claim.fact_ids]);
    if (rows.has(same)) continue;
    rows.set(same, claimRow(claim, supporting));
    if (claim.verdict === "supported") checked += 1;
  }
  const others = explanation.facts.filter((fact) => !used.has(fact.fact_id)).map(factLine);
  if (!rows.size && !others.length) return null;
  return h(
    "details",
    { class: "evidence" },
    h("summary", {}, icon("check"), h("span", {}, t.evidence(checked))),
    rows.size > 0 && h("ul", { class: "claims" }, [...rows.values()]),
    others.length > 0 && h("div", { class: "others" }, h("p", { class: "small" }, t.alsoRests), h("ul", {}, others)),
    h("p", { class: "small" }, phrased(explanation)),
  );
}

function claimRow(claim, supporting) {
  const fine = claim.verdict === "supported";
  const lines = fine && !supporting.length ? [h("li", {}, source(claim))] : supporting.map(factLine);
  return h(
    "li",
    { class: fine ? "claim-row" : "claim-row unchecked" },
    icon(fine ? "check" : "dash"),
    h(
      "div",
      { class: "claim-told" },
      h("p", { class: "claim-words" }, h("q", { dir: "auto" }, claim.text), " ", h("span", { class: fine ? "unseen" : "verdict" }, fine ? t.supported : t.unchecked)),
      lines.length > 0 && h("ul", {}, lines),
    ),
  );
}

function factLine(fact) {
  const value = shown(fact.value);
  const shared = [...new Set(fact.shared.map((one) => one.value))].filter((one) => one.toLowerCase() !== value.toLowerCase());
  const more = shared.length > 0 && ` (${fact.other_item_id ? t.both : t.has}: ${shared.slice(0, 3).join(", ")})`;
  return h("li", {}, source(fact), more);
}

const source = (of) => [h("span", { class: "source" }, t.sources[of.source] ?? of.source), " ", `${slotWords(of.slot)}: ${shown(of.value)}`];
const slotWords = (slot) => t.slots[slot] ?? slot.replaceAll("_", " ");
const shown = (value) => (Array.isArray(value) ? value.join(", ") : String(value));

function phrased(explanation) {
  if (explanation.phrased_by === "template") return explanation.model ? t.templateBy(explanation.model) : t.template;
  return t.model(explanation.model ?? "");
}

function actions(given, does) {
  const row = h("div", { class: "card-actions", role: "group", "aria-label": t.actionsOf(clean(given.title)) });
  const react = async (kind) => {
    const before = pressedOf(row);
    if (before.has(kind)) return;
    const now = new Set(before).add(kind);
    if (kind !== "seen") now.delete(kind === "like" ? "dislike" : "like"); // the last word counts
    press(given.item_id, now);
    if (!(await does.react(given, kind))) press(given.item_id, before);
  };
  const pressed = new Set(given.reactions ?? []);
  put(
    row,
    ["like", "dislike", "seen"].map((kind) => button(t[kind], () => react(kind), { kind: "toggle", drawing: kind, "data-kind": kind, "aria-pressed": String(pressed.has(kind)) })),
    h("span", { class: "spacer" }),
    button(t.whyThis, () => does.why(given), { kind: "quiet" }),
    button(t.whyNot, () => does.whyNot(given), { kind: "quiet" }),
  );
  return row;
}

const pressedOf = (row) => new Set([...row.querySelectorAll("[aria-pressed=true]")].map((one) => one.dataset.kind));

/** Show what was said of an item on each of its cards, as a conversation may hold several. */
function press(item, kinds) {
  for (const shown of document.querySelectorAll(".card[data-item]")) {
    if (shown.dataset.item !== item) continue;
    for (const one of shown.querySelectorAll("[data-kind]")) one.setAttribute("aria-pressed", String(kinds.has(one.dataset.kind)));
  }
}

/** What stands where a card will come. */
export function skeleton() {
  return h("li", { class: "card skeleton", "aria-hidden": "true" }, h("div", { class: "bone short" }), h("div", { class: "bone" }), h("div", { class: "bone long" }));
}
