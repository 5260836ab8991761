"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const STEP = 20;
  let shown = STEP;

  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined && text !== null) element.textContent = text;
    return element;
  };

  // A draft's text with each claim marked. Claims may overlap: the text is cut at every end, the worst verdict wins.
  const ORDER = ["contradicted", "absent", "supported", "uncheckable"];
  const marked = (text, claims) => {
    const holder = make("div", "text");
    const cuts = [...new Set([0, text.length, ...claims.flatMap((c) => [c.start, c.end])])].sort((a, b) => a - b);
    for (let n = 0; n + 1 < cuts.length; n++) {
      const [from, to] = [cuts[n], cuts[n + 1]];
      const over = claims.filter((c) => c.start <= from && c.end >= to);
      const piece = text.slice(from, to);
      if (!over.length) { holder.append(piece); continue; }
      over.sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
      const mark = make("mark", over[0].verdict, piece);
      mark.title = over.map((c) => `${c.verdict}: ${c.slot} ${c.positive ? "is" : "is not"} ${c.value}`).join("\n");
      holder.append(mark);
    }
    if (!text) holder.append(make("em", "", "no text"));
    return holder;
  };

  const draft = (row) => {
    const box = make("div", `draft b${row.color}`);
    const who = make("div", "who");
    who.append(make("span", "", row.variant + (data.repeats > 1 ? ` · repeat ${row.repeat + 1}` : "")));
    const end = row.error ? ["none", "failed"] : row.accepted ? ["pass", "accepted"] : ["fail", "rejected"];
    who.append(make("span", `verdict ${end[0]}`, end[1]));
    box.append(who);
    if (row.error) { box.append(make("p", "note", row.error)); return box; }
    box.append(marked(row.draft, row.claims));
    if (row.rejected) {
      box.append(make("p", "note", `Rejected: ${row.rejected}.`));
      const instead = make("p", "note", "Shown instead: ");
      instead.append(make("b", "shown", row.shown));
      box.append(instead);
    }
    if (row.claims.length) {
      const list = make("ul", "claims");
      // A draft that runs in circles says the same many times: one line each, with how often.
      const lines = new Map();
      for (const claim of row.claims) {
        const cites = claim.facts.length ? `, ${claim.facts.join(", ")}` : "";
        const said = `${claim.slot} ${claim.positive ? "is" : "is not"} ${claim.value} (${claim.source}${cites})`;
        const key = `${claim.verdict} ${said}`;
        const known = lines.get(key);
        lines.set(key, { verdict: claim.verdict, said, times: known ? known.times + 1 : 1 });
      }
      for (const { verdict, said, times } of lines.values()) {
        const line = make("li");
        line.append(make("span", `v ${verdict}`, verdict));
        line.append(times > 1 ? `${said} × ${times}` : said);
        list.append(line);
      }
      box.append(list);
    }
    const cited = row.cited === null ? "does not cite" : row.cited.length ? `cites ${row.cited.join(", ")}` : "cites nothing";
    box.append(make("p", "note", `${cited} · ${row.seconds.toFixed(2)} s`));
    return box;
  };

  const badness = (row) =>
    (row.error ? 0 : row.accepted ? 1 : 10) +
    row.claims.reduce((sum, c) => sum + (c.verdict === "contradicted" ? 2 : c.verdict === "absent" ? 1 : 0), 0);

  const card = (item) => {
    const box = make("article", "panel case");
    const head = make("header");
    head.append(make("strong", "", item.title));
    head.append(make("span", "", `${item.id} · ${item.user}`));
    if (item.request) head.append(make("span", "", `asked for “${item.request}”`));
    box.append(head);
    const drafts = make("div", "drafts");
    // Of each variant the worst repeat is in view, the others are behind a fold.
    const worst = new Map();
    for (const row of item.rows) {
      const kept = worst.get(row.variant);
      if (!kept || badness(row) > badness(kept)) worst.set(row.variant, row);
    }
    for (const row of worst.values()) drafts.append(draft(row));
    box.append(drafts);
    const rest = item.rows.filter((row) => worst.get(row.variant) !== row);
    if (rest.length) {
      const more = make("details");
      more.append(make("summary", "", `${rest.length} other repeats`));
      const others = make("div", "drafts");
      for (const row of rest) others.append(draft(row));
      more.append(others);
      box.append(more);
    }
    if (item.facts.length) {
      const more = make("details");
      more.append(make("summary", "", `${item.facts.length} facts it may rest on`));
      const list = make("ul", "facts");
      for (const fact of item.facts) list.append(make("li", "", fact));
      more.append(list);
      box.append(more);
    }
    return box;
  };

  const words = (item) =>
    [item.id, item.user, item.title, item.request, ...item.tags, ...item.rows.flatMap((r) => [r.draft, r.variant, r.rejected || "", r.error || ""])]
      .join("\n").toLowerCase();
  for (const item of data.cases) item.words = words(item);

  const FILTERS = {
    all: () => true,
    rejected: (item) => item.rows.some((r) => !r.error && !r.accepted),
    contradicted: (item) => item.rows.some((r) => r.claims.some((c) => c.verdict === "contradicted")),
    absent: (item) => item.rows.some((r) => r.claims.some((c) => c.verdict === "absent")),
    differ: (item) => new Set(item.rows.filter((r) => !r.error).map((r) => r.accepted)).size > 1,
    vacuous: (item) => item.rows.some((r) => !r.error && !r.claims.length),
    failed: (item) => item.rows.some((r) => r.error),
  };
  const search = document.getElementById("search");
  const filter = document.getElementById("filter");
  const variant = document.getElementById("variant");
  const list = document.getElementById("cases");
  const more = document.getElementById("more");

  const draw = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [];
    for (const item of data.cases) {
      const rows = variant.value ? item.rows.filter((r) => r.variant === variant.value) : item.rows;
      const view = { ...item, rows };
      if (rows.length && wanted.every((w) => item.words.includes(w)) && FILTERS[filter.value](view)) found.push(view);
    }
    list.replaceChildren(...found.slice(0, shown).map(card));
    document.getElementById("count").textContent = `${found.length} of ${data.cases.length} cases, the worst first`;
    more.hidden = found.length <= shown;
  };
  for (const control of [search, filter, variant]) {
    control.addEventListener("input", () => { shown = STEP; draw(); });
  }
  more.addEventListener("click", () => { shown += STEP; draw(); });
  draw();
})();
