"use strict";
// Tables sort and filter; a suite at a time is shown; a number opens its run; two methods are compared. What
// is shown stands in the address: #digits?filter=dann&run=mnist_usps/dann&a=dann&b=cdan&lines=dann,cdan, and
// sort=digits.accuracy/1/descending, a table, its column and way.
const bodies = [...document.querySelectorAll("tbody")];
for (const body of bodies) [...body.rows].forEach((row, i) => { row.dataset.at = i; });
const DATA = JSON.parse(document.getElementById("runs").textContent);
// What many runs share stands once; a command has signs in place of its run's task and label.
for (const { runs, tasks } of Object.values(DATA.suites)) for (const run of runs) {
  run.t = tasks[run.t];
  for (const [name, pool] of Object.entries(DATA.pools)) run[name] = pool[run[name]];
  run.r = run.r.replaceAll("\ue001", run.l).replaceAll("\ue000", run.t);
}
const heading = (cell) => cell.closest("table").tHead.rows[0].cells[cell.cellIndex].textContent;
// A number's run follows from its column and row; one of the overview leads to its suite, at its method.
for (const cell of document.querySelectorAll("td.run")) {
  cell.tabIndex = 0;
  cell.dataset.run = `${heading(cell)}/${cell.parentNode.dataset.of}`;
}
for (const cell of document.querySelectorAll("[data-suite=overview] tbody > tr > *")) {
  const name = cell.parentNode.cells[0].textContent, column = heading(cell).split(", ")[0];
  const at = name in DATA.suites && cell.cellIndex === 0 ? { suite: name }
    : column in DATA.suites && cell.dataset.value ? { suite: column, filter: name } : null;
  if (at) Object.assign(cell, { tabIndex: 0 }).dataset.to = Object.assign(cell.dataset, at).suite;
}
for (const cell of document.querySelectorAll("td")) if (cell.textContent === "–") cell.classList.add("none");
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7b4ea3"];
// Other settings are no other method, as in the tables: source_only-steps=300 is source_only.
const bound = (label) => label.includes("-") && !label.includes("=") ? label : label.split("-")[0];
const BOUNDS = { source_only: "currentColor", target_only: "#888888" };  // what two methods are compared with
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];
const el = (name, more = {}, ...inner) => {
  const made = document.createElement(name);
  Object.assign(made, more);
  made.append(...inner);
  return made;
};
const SVG = Object.assign(document.createElement("template"), { innerHTML: "<svg></svg>" }).content.firstChild.namespaceURI;
const svg = (name, more = {}, ...inner) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(more)) made.setAttribute(key, value);
  made.append(...inner);
  return made;
};

// ── sorting: a published row stays beneath the row that it belongs beside ──
function key(row, column) {
  const cell = row.cells[column];
  if (column === 0) return cell.textContent.trim().toLowerCase();
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  const text = cell.textContent.trim();
  return text === "–" ? null : text.toLowerCase();
}

function groups(body) {
  const found = [];
  for (const row of [...body.rows].sort((a, b) => a.dataset.at - b.dataset.at)) {
    if (row.classList.contains("published") && found.length) found.at(-1).push(row);
    else found.push([row]);
  }
  return found;
}

const titled = (table) => table.getAttribute("aria-labelledby");
function press(button) {
  const head = button.closest("th"), column = head.cellIndex, now = head.getAttribute("aria-sort");
  const first = column === 0 ? "ascending" : "descending";
  const second = first === "ascending" ? "descending" : "ascending";
  const next = now === first ? second : now === second ? null : first;
  sort(button.closest("table"), column, next);
  go({ sort: next && `${titled(button.closest("table"))}/${column}/${next}` });
}
function sort(table, column, next) {
  const heads = table.tHead.rows[0].cells, head = heads[column], body = table.tBodies[0];
  for (const other of heads) other.removeAttribute("aria-sort");
  if (next) head.setAttribute("aria-sort", next);
  const sign = next === "ascending" ? 1 : -1, rows = groups(body);
  if (next) rows.sort(([a], [b]) => {
    const x = key(a, column), y = key(b, column);
    if (x === null || y === null) return (x === null) - (y === null);
    if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
    return sign * (typeof x === "number" ? x - y : x.localeCompare(y));
  });
  body.append(...rows.flat());
}

// ── what is shown, and the address ──
const box = document.getElementById("filter"), said = document.getElementById("shown");
const sections = [...document.querySelectorAll("main > section")];
const state = () => {
  const [suite, query] = location.hash.slice(1).split("?");
  return { suite: decodeURIComponent(suite || sections[0].dataset.suite), query: new URLSearchParams(query || "") };
};
function go(changes, suite) {
  note(changes, suite);
  show();
}
function note(changes, suite) {
  const now = state();
  for (const [name, value] of Object.entries(changes)) value ? now.query.set(name, value) : now.query.delete(name);
  const query = now.query.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
  history.replaceState(null, "", `#${encodeURIComponent(suite ?? now.suite)}${query ? "?" + query : ""}`);
}
function show() {
  const { suite, query } = state();
  const at = sections.find((s) => s.dataset.suite === suite)
    ?? sections.find((s) => s.querySelector("#" + CSS.escape(suite))) ?? sections[0];
  for (const section of sections) section.hidden = section !== at;
  for (const link of document.querySelectorAll(".bar nav a"))
    link.dataset.suite === at.dataset.suite
      ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  if (box.value !== (query.get("filter") || "")) box.value = query.get("filter") || "";
  const [name, column, way] = (query.get("sort") || "").split("/");
  const table = [...at.querySelectorAll("table")].find((t) => titled(t) === name);
  const head = table?.tHead.rows[0].cells[column];
  if (head && /^(de|a)scending$/.test(way) && head.ariaSort !== way) sort(table, Number(column), way);
  filter();
  open(at.dataset.suite, query.get("run"));
  draw(at, query);
}
function filter() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  const misses = (text) => words.length > 0 && !words.some((word) => text.toLowerCase().includes(word));
  let shown = 0, all = 0;  // of the suite that is looked at
  for (const body of bodies) {
    for (const [head, ...rest] of groups(body)) for (const row of [head, ...rest]) {
      row.hidden = misses(row.cells[0].textContent) && (row === head || misses(head.cells[0].textContent));
      if (body.closest("section").hidden) continue;
      all += 1;
      shown += row.hidden ? 0 : 1;
    }
  }
  for (const picture of document.querySelectorAll(".pictures figure"))
    picture.hidden = misses(picture.dataset.names);
  for (const figure of document.querySelectorAll("section > figure")) {
    // A note stays while a row that points at it does, with its number.
    figure.querySelectorAll("figcaption li").forEach((note, i) => {
      const at = [...figure.querySelectorAll("tbody tr")].filter((row) => row.cells[0].textContent.endsWith(`[${i + 1}]`));
      note.value = i + 1;
      note.hidden = at.length > 0 && at.every((row) => row.hidden);
    });
  }
  said.textContent = words.length ? `${shown} of ${all} rows` : "";
}

// ── one run ──
const box_of_run = document.getElementById("run");
const of = (suite) => DATA.suites[suite] ?? { runs: [] };
function open(suite, name) {
  const run = name && of(suite).runs.find((r) => `${r.t}/${r.l}` === name);
  if (!run) return box_of_run.open && box_of_run.close();
  const facts = el("dl");
  const fact = (a, b) => facts.append(el("dt", {}, a), el("dd", {}, b));
  fact(of(suite).measure, run.v.map((v) => (v === null ? "–" : v)).join("   "));
  fact("seeds", run.s.join("   "));
  fact("settings", Object.entries(run.k).map(([k, v]) => `${k}=${v}`).join("  "));
  fact("commit", run.g);
  fact("date", run.d);
  fact("device", run.m);
  const curves = run.c.length ? chart(run.x, run.c.map((each, i) => ({ name: `seed ${run.s[i]}`, lines: [each] }))) : "";
  box_of_run.replaceChildren(
    el("form", { method: "dialog" }, el("button", { value: "" }, "Close")),
    el("h3", {}, `${run.l} on ${run.t}`), facts, el("p", {}, "The command that repeats it:"),
    el("pre", {}, ...run.r.split(" ").flatMap((w, i) => [i ? " " : "", el("span", {}, w)])), curves);
  if (!box_of_run.open) box_of_run.showModal();
}
box_of_run.addEventListener("close", () => state().query.get("run") && go({ run: "" }));
document.querySelector("main").addEventListener("click", (event) => {
  follow(event.target.closest("td.run, [data-to]"));
});
document.querySelector("main").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("td.run, [data-to]")) follow(event.target);
});
function follow(cell) {
  if (cell?.dataset.run) go({ run: cell.dataset.run });
  else if (cell) leave(cell.dataset.suite, cell.dataset.filter ?? box.value);
}
function leave(suite, filter) {
  go({ run: "", a: "", b: "", task: "", lines: "", sort: "", filter }, suite);
  window.scrollTo(0, 0);
}

// ── curves: one line a method, its band over seeds; the legend switches lines ──
function chart(xs, series, ticked) {
  // On a phone it is drawn narrower, not smaller: its letters stay as they are.
  const w = Math.max(280, Math.min(640, document.documentElement.clientWidth - 24)), h = 320, left = 46, bottom = 34, top = 8, right = 8;
  const known = series.flatMap((s) => s.lines.flat()).filter((v) => v !== null);
  const low = Math.min(...known), high = Math.max(...known), pad = 0.04 * (high - low || 1);
  const x = (i) => left + ((xs[i] - xs[0]) / (xs.at(-1) - xs[0] || 1)) * (w - left - right);
  const y = (v) => top + (1 - (v - low + pad) / (high - low + 2 * pad)) * (h - top - bottom);
  const picture = svg("svg", { viewBox: `0 0 ${w} ${h}`, width: w, height: h, role: "img", "aria-label": "curves" });
  const unit = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((u) => (high - low) / u <= 6) ?? 50;
  const digits = Math.max(0, -Math.floor(Math.log10(unit)));
  for (let v = Math.ceil(low / unit) * unit; v <= high + 1e-9; v += unit)
    picture.append(svg("line", { x1: left, x2: w - right, y1: y(v), y2: y(v), class: "grid" }),
      svg("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, v.toFixed(digits)));
  for (const i of [0, xs.length - 1])
    picture.append(svg("text", { x: x(i), y: h - 14, "text-anchor": i ? "end" : "start" }, `step ${xs[i]}`));
  const legend = el("div", { className: "legend" });
  series.forEach(({ name, lines, off }, n) => {
    // Neighbours differ in dashes too, for those who see no colours and for print.
    const colour = BOUNDS[bound(name)] ?? COLOURS[n % COLOURS.length], dash = DASHES[(n + Math.floor(n / COLOURS.length)) % DASHES.length];
    const at = xs.map((_, i) => lines.map((l) => l[i]).filter((v) => v !== null && v !== undefined));
    const mean = at.map((v) => (v.length ? v.reduce((a, b) => a + b) / v.length : null));
    const points = (vs) => vs.map((v, i) => (v === null ? "" : `${x(i)},${y(v)}`)).filter(Boolean).join(" ");
    const group = svg("g", { stroke: colour, "stroke-dasharray": dash });
    if (lines.length > 1) group.append(svg("polygon", { class: "band", fill: colour, points:
      points(at.map((v) => (v.length ? Math.max(...v) : null))) + " "
      + xs.map((_, i) => (at[i].length ? `${x(i)},${y(Math.min(...at[i]))}` : "")).filter(Boolean).reverse().join(" ") }));
    group.append(svg("polyline", { class: "curve", points: points(mean) }));
    picture.append(group);
    const tick = el("input", { type: "checkbox", checked: !off });
    tick.addEventListener("change", () => {
      group.style.display = tick.checked ? "" : "none";
      ticked?.([...legend.children].filter((l) => l.firstChild.checked).map((l) => l.textContent));
    });
    if (off) group.style.display = "none";
    legend.append(el("label", {}, tick,
      svg("svg", { viewBox: "0 0 26 12" }, svg("line", { x1: 0, x2: 26, y1: 6, y2: 6, stroke: colour, "stroke-width": 3,
        "stroke-dasharray": dash })), name));
  });
  return el("figure", {}, picture, legend);
}

// ── two methods: paired differences over seeds, with 95 % intervals by Student's t ──
const T = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145];
function paired(a, b) {
  const found = a.s.map((seed, i) => [a.v[i], b.v[b.s.indexOf(seed)]])
    .filter(([p, q]) => typeof p === "number" && typeof q === "number").map(([p, q]) => q - p);
  if (!found.length) return null;
  const n = found.length, mean = found.reduce((p, q) => p + q) / n;
  const std = Math.sqrt(found.reduce((p, q) => p + (q - mean) ** 2, 0) / (n - 1));
  return { n, mean, half: n > 1 ? (T[n - 2] ?? 2.05) * std / Math.sqrt(n) : null };
}
function compared(suite, a, b) {
  const rows = of(suite).tasks.map((task) => {
    const [p, q] = [a, b].map((label) => of(suite).runs.find((r) => r.t === task && r.l === label));
    return p && q ? [task, paired(p, q)] : [task, null];
  }).filter(([, d]) => d);
  const body = el("tbody");
  for (const [task, d] of rows) {
    const way = d.half === null || Math.abs(d.mean) <= d.half ? "" : d.mean > 0 ? "up2" : "down2";
    body.append(el("tr", {}, el("th", { scope: "row" }, task),
      el("td", { className: way }, `${d.mean >= 0 ? "+" : ""}${d.mean.toFixed(2)}`),
      el("td", {}, d.half === null ? "–" : `${(d.mean - d.half).toFixed(2)} … ${(d.mean + d.half).toFixed(2)}`),
      el("td", {}, String(d.n))));
  }
  const head = el("thead", {}, el("tr", {}, ...["task", `${b} − ${a}`, "95 % interval", "seeds"].map((t) =>
    el("th", { scope: "col" }, t))));
  return rows.length ? el("div", { className: "scroll" }, el("table", {}, head, body))
    : el("p", {}, "No task has both with the same seeds.");
}

function draw(at, query) {
  const suite = at.dataset.suite, place = at.querySelector(".live");
  if (!place || !of(suite).runs.length) return;
  const labels = [...new Set(of(suite).runs.map((r) => r.l))];
  if (!place.dataset.made) {
    place.dataset.made = "1";
    const choose = (name, values) => {
      const made = el("select", { name }, ...values.map((v) => el("option", { value: v }, v)));
      made.addEventListener("change", () => go({ [name]: made.value }));
      return made;
    };
    place.append(el("h3", {}, "Two methods"), el("div", { className: "compare" },
      el("label", {}, "from ", choose("a", ["", ...labels])), el("label", {}, " to ", choose("b", ["", ...labels]))),
      el("div", { className: "difference" }));
    if (of(suite).curves) place.append(el("h3", {}, `Curves: ${of(suite).curves}`),
      el("div", { className: "compare" }, el("label", {}, "task ", choose("task", of(suite).tasks))),
      el("div", { className: "curves" }));
  }
  const [a, b] = [query.get("a"), query.get("b")];
  for (const choice of place.querySelectorAll("select")) choice.value = query.get(choice.name) || choice.options[0].value;
  place.querySelector(".difference").replaceChildren(a && b ? compared(suite, a, b) : "");
  if (!of(suite).curves) return;
  const task = query.get("task") || of(suite).tasks[0];
  const mine = of(suite).runs.filter((r) => r.t === task && r.c.length);
  // Those ticked; else both bounds, and the two that are compared, or what the filter says, or the first few.
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean), bounds = ["source_only", "target_only"];
  const chosen = query.has("lines") ? query.get("lines").split(",") : null;
  const asked = (r, i) => (a && b ? [a, b].includes(r.l)
    : words.length ? words.some((word) => r.l.toLowerCase().includes(word)) : i < 8);
  const series = mine.map((r, i) => ({ name: r.l, lines: r.c, 
    off: chosen ? !chosen.includes(r.l) : !bounds.includes(bound(r.l)) && !asked(r, i) }));
  const steps = mine[0]?.x ?? [];
  const same = series.filter((_, i) => mine[i].x.length === steps.length);
  place.querySelector(".curves").replaceChildren(same.length
    ? chart(steps, same, (names) => note({ lines: names.join(",") || "none" })) : "No curves of this task.");
}

for (const head of document.querySelectorAll("thead th")) {
  const button = el("button", { type: "button" }, ...head.childNodes);
  button.addEventListener("click", () => press(button));
  head.append(button);
}
box.addEventListener("input", () => go({ filter: box.value }));
for (const link of document.querySelectorAll("a[data-suite]"))
  link.addEventListener("click", (event) => { event.preventDefault(); leave(link.dataset.suite, box.value); });
window.addEventListener("hashchange", show);
show();
