// The trend page of tandem regress: verdict, alarms with their evidence, an index of all series, and a chart of each.
// The document is "tandem-regress/1".
const nightMeanings = {
  "OK": "Nothing became dearer.",
  "SUSPECT": "Something may have become dearer, or a night has no figure; nothing is confirmed.",
  "REGRESSION": "Something became dearer.",
  "TOO-SHORT": "Too few nights to judge any series yet: 11 are needed.",
};
const stateWords = {confirmed: "REGRESSION", suspect: "SUSPECT", machine: "MACHINE", cleared: "cleared", improvement: "better"};
const kindWords = {slow: "step (change point)", fast: "tonight against its segment", exact: "count, exact", "no figure": "no figure"};
const badStates = ["confirmed", "suspect", "machine"];

function dateOf(name) { return name.slice(0, 10); }
function nightBadge(word) { return el("span.badge" + (word === "REGRESSION" ? ".bad" : ["OK", "better", "cleared"].includes(word) ? ".good" : ""), null, word); }
function signed(ratio) { return ratio === null ? "–" : (ratio >= 1 ? "+" : "−") + (Math.abs(ratio - 1) * 100).toFixed(1) + gap + "%"; }
function alarmsOf(series) { return result.alarms.filter((alarm) => alarm.fom === series.fom); }

function seriesWord(series) {
  const states = alarmsOf(series).map((alarm) => alarm.state);
  for (const state of ["confirmed", "suspect", "machine"]) if (states.includes(state)) return stateWords[state];
  return series.judged ? "OK" : "TOO-SHORT";
}
const wordOrder = ["REGRESSION", "SUSPECT", "MACHINE", "TOO-SHORT", "OK"];
const ordered = result.series.map((series, index) => ({series, index, word: seriesWord(series)}))
  .sort((a, b) => wordOrder.indexOf(a.word) - wordOrder.indexOf(b.word) || a.index - b.index);

function nightVerdict() {
  const newest = result.nights[result.nights.length - 1];
  const kind = result.verdict === "REGRESSION" ? ".bad" : result.verdict === "OK" ? ".good" : "";
  const delta = (kind_) => "+" + ((Math.exp(result.delta[kind_]) - 1) * 100).toFixed(1) + gap + "%";
  document.getElementById("report").append(
    el("h1", null, "Night after night"),
    el("p.soft", null, "newest night " + newest.started.slice(0, 16).replace("T", " ") + " UTC, commit " + newest.commit + ", class " + newest.class + ", " + newest.status),
    el("div.verdict" + kind, null, el("b", null, result.verdict), " — " + nightMeanings[result.verdict],
      el("ul", null, result.alarms.filter((alarm) => badStates.includes(alarm.state)).slice(0, 8)
        .map((alarm) => el("li", null, el("code", null, alarm.fom), ": " + alarm.text + ", since " + dateOf(alarm.since))))),
    el("p.soft", null, result.history.read + " nights read of " + result.history.nights + ", " + result.series.length + " series; a difference is one beyond " +
      delta("kernel") + " (kernels) or " + delta("pipeline") + " (pipelines)."));
}

function rerunText(rerun) {
  return rerun.verdict + ": new / good " + rerun.ratio.toFixed(3) + " " + (rerun.ci95 ? interval(rerun.ci95, "1") : "(no interval)") +
    ", n = " + rerun.launches[0] + " and " + rerun.launches[1] + ", p = " + number(rerun.p);
}

function alarmSection() {
  if (!result.alarms.length) return;
  const commits = (a) => (a.commits[0] === a.commits[1] ? a.commits[0] : a.commits[0] + " → " + a.commits[1]);
  section("alarms", "What changed", table([
    {title: "", cell: (a) => nightBadge(stateWords[a.state]), value: (a) => wordOrder.indexOf(stateWords[a.state])},
    {title: "series", cell: (a) => el("a", {href: "#s" + result.series.findIndex((s) => s.fom === a.fom), style: "overflow-wrap:anywhere"}, a.fom), value: (a) => a.fom, wrap: true},
    {title: "by what", cell: (a) => kindWords[a.kind], value: (a) => a.kind, wrap: true},
    {title: "how much", cell: (a) => a.text + (a.p === null ? "" : ", p ≤ " + number(a.p)), value: (a) => a.ratio, wrap: true},
    {title: "since", cell: (a) => el("span", {style: "white-space:nowrap"}, recordLink(dateOf(a.since), 0, a.since + ".json", "the costs of its launches")), value: (a) => a.since},
    {title: "commits", cell: commits, value: commits, wrap: true},
    {title: "run again in turn", cell: (a) => (a.rerun ? rerunText(a.rerun) : "–"), wrap: true},
  ], result.alarms), result.alarms.filter((a) => a.changed.length).map((a) => folded("What else changed before " + dateOf(a.since) + " (" + a.fom + ")",
    el("ul", null, a.changed.map((line) => el("li", null, line))))));
}

function indexSection() {
  const tonight = (key) => (row) => (row.series.tonight ? row.series.tonight[key] : null);
  section("series", "All series", table([
    {title: "", cell: (r) => nightBadge(r.word), value: (r) => wordOrder.indexOf(r.word)},
    {title: "series", cell: (r) => el("a", {href: "#s" + r.index}, r.series.fom), value: (r) => r.series.fom, wrap: true},
    {title: "nights", num: true, cell: (r) => number(r.series.nights), value: (r) => r.series.nights},
    {title: "steps", num: true, cell: (r) => number(r.series.steps.length), value: (r) => r.series.steps.length},
    {title: "tonight", num: true, cell: (r) => (r.series.tonight ? signed(r.series.tonight.ratio) : "–"), value: tonight("ratio")},
    {title: "z", num: true, cell: (r) => { const z = tonight("z")(r); return typeof z === "number" ? z.toFixed(1) : number(z); }, value: tonight("z")},
    {title: "segment, nights", num: true, cell: (r) => number(tonight("nights")(r)), value: tonight("nights")},
    {title: "status", cell: (r) => r.series.status || "not measured", value: (r) => r.series.status},
  ], ordered), el("p.small", null, "tonight: its median cost over that of the newest segment of 10 nights or more; z: the same in robust standard deviations (1.4826 MAD)."));
}

// Levels between steps, of the nights that are compared.
function levelsOf(series) {
  const own = series.points.filter((p) => p[6]), cuts = series.steps.map((step) => step.night);
  const bounds = [-1, ...cuts, Infinity];
  return bounds.slice(1).map((end, i) => own.filter((p) => p[0] >= bounds[i] && p[0] < end)).filter((part) => part.length)
    .map((part) => { const sorted = part.map((p) => p[1]).sort((a, b) => a - b), h = sorted.length / 2;
      const ln = (sorted[Math.ceil(h) - 1] + sorted[Math.floor(h)]) / 2; return {from: part[0][0], to: part[part.length - 1][0], value: Math.exp(ln)}; });
}

function trendChart(series) {
  const caption = "Median cost by night; shaded: ± " + ((Math.exp(series.delta) - 1) * 100).toFixed(1) + gap + "% about the level that tonight is judged by.";
  const levels = levelsOf(series), last = series.tonight ? Math.exp(series.tonight.median) : levels.length ? levels[levels.length - 1].value : null;
  const show = (raw) => { const night = result.nights[raw.point[0]]; return dateOf(night.name) + ", commit " + night.commit + ": " + quantity(Math.exp(raw.point[1]), series.unit) +
    ", n = " + raw.point[4] + (raw.point[4] > 1 ? ", launches " + quantity(raw.point[2], series.unit) + " to " + quantity(raw.point[3], series.unit) : "") + (raw.point[5] ? ", UNSTABLE" : ""); };
  const at = (p) => ({x: p[0], y: Math.exp(p[1]), point: p});
  return chart(170, caption, (colours_) => ({type: "scatter", data: {datasets: [
    {data: series.points.filter((p) => p[6] && !p[5]).map(at), pointRadius: 2.5, backgroundColor: colours[0], borderColor: colours[0]},
    {data: series.points.filter((p) => p[6] && p[5]).map(at), pointRadius: 3, backgroundColor: colours_.page, borderColor: colours[0], borderWidth: 1.2},
    {data: series.points.filter((p) => !p[6]).map(at), pointRadius: 3, pointStyle: "cross", borderColor: colours_.soft},
    ...levels.map((level) => ({data: [{x: level.from, y: level.value}, {x: level.to, y: level.value}], showLine: true, pointRadius: 0, pointHitRadius: 0, borderColor: colours_.ink, borderWidth: 1.2})),
  ]}, options: {plugins: {legend: {display: false}, tooltip: {filter: (item) => item.raw.point, callbacks: {label: (item) => show(item.raw)}}},
    scales: {x: axis(colours_, "night", {type: "linear", min: -1, max: result.nights.length, ticks: {color: colours_.soft, maxRotation: 0, precision: 0,
      callback: (v) => (Number.isInteger(v) && result.nights[v] ? dateOf(result.nights[v].name) : "")}}),
      y: axis(colours_, series.unit === "J" ? "joules" : "cost", {ticks: {color: colours_.soft, maxTicksLimit: 5, callback: (v) => quantity(v, series.unit)}})}},
    plugins: [{id: "marks", beforeDatasetsDraw: (drawn) => drawMarks(drawn, series, last, colours_)}]}));
}

function drawMarks(drawn, series, level, colours_) {
  const {ctx, chartArea: area, scales: {x, y}} = drawn;
  ctx.save();
  ctx.beginPath(); ctx.rect(area.left, area.top, area.width, area.height); ctx.clip();
  if (level !== null) {
    const top = y.getPixelForValue(level * Math.exp(series.delta)), bottom = y.getPixelForValue(level * Math.exp(-series.delta));
    ctx.fillStyle = colours_.grid; ctx.globalAlpha = 0.6; ctx.fillRect(area.left, top, area.width, bottom - top); ctx.globalAlpha = 1;
  }
  const mark = (night, text, dash) => { const at = x.getPixelForValue(night - 0.5); ctx.setLineDash(dash); ctx.strokeStyle = colours_.soft; ctx.lineWidth = 1.2;
    ctx.beginPath(); ctx.moveTo(at, area.top); ctx.lineTo(at, area.bottom); ctx.stroke(); ctx.setLineDash([]); writeText(ctx, text, at + 3, area.top + 11, colours_); };
  ctx.font = "11px " + Chart.defaults.font.family;
  for (const boundary of series.boundaries) mark(boundary.night, boundary.why.split(":")[0], [4, 3]);
  for (const step of series.steps) mark(step.night, (step.step.ratio >= 1 ? "▲" : "▼") + " " + signed(step.step.ratio), []);
  ctx.restore();
}

function chartsSection() {
  section("charts", "Night by night", el("p.small", null, "Each point is the median of a night's launches. Circles: nights that are compared; hollow: a noise guard had fired (UNSTABLE); " +
    "crosses: another machine, or before what was accepted. Horizontal lines: the level of each segment. Vertical lines: steps (▲ dearer, ▼ cheaper) and, dashed, boundaries from which a series starts anew."));
  for (const {series, index, word} of ordered) {
    const steps = series.steps.map((step) => el("li", null, "step on " + dateOf(step.name) + ": " + signed(step.step.ratio) + (step.step.ci95 ? " " + interval(step.step.ci95.map((r) => r - 1).map((r) => Number((100 * r).toFixed(1))), "1") + gap + "%" : " (no interval: fewer than 6 nights)") +
      ", n = " + step.step.nights.join(" and ") + " nights, p ≤ " + number(step.p) + (step.stands ? "" : "; it is below what counts, or went back")));
    const counts = series.counts.map((count) => el("li", null, count.name + " = " + count.newest.toLocaleString("en") + (count.changes.length ? ", changed on " + count.changes.map((c) => dateOf(c.name) + " (" + c.before.toLocaleString("en") + " → " + c.after.toLocaleString("en") + ")").join(", ") : ", the same in " + count.nights + " nights")));
    document.getElementById("charts").append(...[el("h3", {id: "s" + index}, series.fom + " ", nightBadge(word)), trendChart(series),
      steps.length ? el("ul", null, steps) : null, series.boundaries.length ? el("ul", null, series.boundaries.map((b) => el("li", null, "from " + dateOf(b.name) + " on anew: " + b.why))) : null,
      counts.length ? folded("Counts, compared exactly", el("ul", null, counts)) : null].filter((part) => part !== null));
  }
}

nightVerdict();
alarmSection();
indexSection();
if (result.notes.length) section("notes", "Notes", el("ul", null, result.notes.map((note) => el("li", null, note))));
if (result.boundaries.length) section("boundaries", "Where series start anew", el("ul", null, result.boundaries.map((b) => el("li", null, dateOf(b.name) + ", " + b.series + " series: " + b.why))));
chartsSection();
section("nights", "The nights", folded("All " + result.nights.length, table([
  {title: "night", cell: (n) => recordLink(n.started.slice(0, 16).replace("T", " "), 0, n.name + ".json", "the costs of its launches"), value: (n) => n.started},
  {title: "commit", cell: (n) => n.commit, value: (n) => n.commit},
  {title: "class", cell: (n) => n.class, value: (n) => n.class},
  {title: "status", cell: (n) => n.status, value: (n) => n.status},
  {title: "config", cell: (n) => n.config.slice(0, 12), value: (n) => n.config},
  {title: "machine", cell: (n) => n.fingerprint.slice(0, 12), value: (n) => n.fingerprint},
  {title: "root", cell: (n) => n.root.slice(0, 12), value: (n) => n.root},
], [...result.nights].reverse())));
