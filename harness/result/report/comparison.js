// The page of a comparison, from the verdicts down to the launches behind each ratio. `result` is tandem-comparison/1.
const labels = result.results.map((one) => one.label);
const percentOf = (delta) => (100 * Math.expm1(delta)).toFixed(1) + gap + "%";

function verdictBadge(row) {
  const kind = row.verdict === "FASTER" ? ".good" : row.verdict === "SLOWER" ? ".bad" : "";
  const n = Math.min(row.a.launches, row.b.launches);
  return [el("span.badge" + kind, null, row.verdict.replace(/_/g, " ")), n < 6 ? " (" + n + (n === 1 ? " launch)" : " launches)") : null];
}
function sideCell(side, unit) { return [quantity(side.value, unit), side.status === "UNSTABLE" ? [" ", badgeOf("UNSTABLE")] : null]; }
function pText(p) { return p === null ? "–" : p < 1e-4 ? "< 0.0001" : p.toFixed(4); }
function hasCaveat(row) { return row.note !== null && row.note.startsWith("no verdict"); }  // UNSTABLE stands at the value
function ciText(ci) { return ci ? "[" + ci.map((x) => x.toFixed(3)).join(", ") + "]" : "–"; }

// By the figure's name in the result that it stands in; the reference, which is none of A, B, ..., has no link.
function launchLink(label, row, side) { return figureLink(String(side.launches), labels.indexOf(label), row.name); }

function rowsTable(pair, rows, verdicts) {
  const columns = [
    {title: "figure", cell: (r) => r.title, value: (r) => r.title},
    {title: pair.a, num: true, cell: (r) => sideCell(r.a, r.unit), value: (r) => r.a.value},
    {title: pair.b, num: true, cell: (r) => sideCell(r.b, r.unit), value: (r) => r.b.value},
    {title: "ratio", num: true, cell: (r) => el("b", null, r.ratio.toFixed(3)), value: (r) => r.ratio},
    {title: "95 % CI", num: true, cell: (r) => ciText(r.ci95), value: (r) => r.ci95 && r.ci95[0]},
    {title: "n", num: true, cell: (r) => [launchLink(pair.a, r, r.a), ", ", launchLink(pair.b, r, r.b)], value: (r) => Math.min(r.a.launches, r.b.launches)},
  ];
  if (verdicts) columns.push({title: "p (Holm)", num: true, cell: (r) => pText(r.p_holm), value: (r) => r.p_holm},
    {title: "verdict", cell: verdictBadge, value: (r) => r.verdict});
  else if (rows.some(hasCaveat)) columns.push({title: "", wrap: true, cell: (r) => (hasCaveat(r) ? el("span.small", null, r.note) : "")});
  return table(columns, rows);
}

// Seconds or joules of every launch: what each ratio was made of.
function launchesTable(pair, rows) {
  const side = (key) => (r) => r[key].costs.map((cost) => quantity(cost, r.unit === "J" ? "J" : "s")).join(", ");
  return folded("The launches behind each ratio", el("p.small", null, "The cost of each launch in the order measured: of a kernel the median of its samples, " +
    "of a pipeline its one time or energy. n above leads to the samples themselves."),
    table([{title: "figure", cell: (r) => r.title, value: (r) => r.title}, {title: pair.a, wrap: true, cell: side("a")}, {title: pair.b, wrap: true, cell: side("b")}], rows));
}

function pairVerdict(pair) {
  const counts = Object.entries(pair.counts), decided = counts.some(([word, n]) => n > 0 && word !== "INCONCLUSIVE");
  const kind = pair.counts.SLOWER > 0 ? ".bad" : decided ? ".good" : "";
  const told = counts.filter(([, n]) => n > 0).map(([word, n]) => n + " " + word.replace(/_/g, " "));
  const unknown = result.results.filter((one) => one.aa === null && [pair.a, pair.b].includes(one.label)).map((one) => one.label);
  return el("div.verdict" + kind, null, el("b", null, pair.b + " against " + pair.a + ": " + (told.join(", ") || "nothing to decide")),
    " of " + pair.headline.length + " headline figures.",
    el("ul", null,
      el("li", null, "A ratio of 1.1 says that " + pair.b + " is 1.1 times as fast as " + pair.a + ", or as frugal with energy (Hodges–Lehmann over launches; exact Mann–Whitney interval)."),
      el("li", null, "Differences below " + percentOf(pair.delta.kernel) + " (kernels) and " + percentOf(pair.delta.pipeline) + " (pipelines) decide nothing" +
        (unknown.length ? "; how much a machine differs from itself was not told for " + unknown.join(", ") + " (tandem aa)." : ".")),
      el("li", null, result.headline.named ? "The headline figures are those that A's plan names; they share an error of 5 %." :
        "A's plan names no headline: its first 20 figures, pipelines before kernels, share an error of 5 %.")));
}

function resultsTable() {
  return table([
    {title: "", cell: (r) => el("b", null, r.label)},
    {title: "result", cell: (r) => recordLink(r.folder, labels.indexOf(r.label), "report.html", "its report")}, {title: "machine", cell: (r) => r.cpu + ", " + r.cores + " cores", wrap: true},
    {title: "class", cell: (r) => r.class}, {title: "n", num: true, cell: (r) => String(r.launches)},
    {title: "status", cell: (r) => badgeOf(r.status)}, {title: "root", cell: (r) => el("code", null, r.root.slice(0, 12))},
  ], result.results);
}

function verdictsPart() {
  document.getElementById("report").append(el("h1", null, "Comparison of results"), resultsTable(), ...result.comparisons.map(pairVerdict));
}

function pairSection(pair, index) {
  section("pair" + index, pair.b + " against " + pair.a,
    el("h3", null, "Headline figures"), pair.headline.length ? [rowsTable(pair, pair.headline, true), ratioFigure(pair, pair.headline)] : el("p.soft", null, "None of them could be compared."),
    pair.exploratory.length ? [el("h3", null, "Exploratory: no verdict may rest on these"), rowsTable(pair, pair.exploratory, false), ratioFigure(pair, pair.exploratory)] : null,
    launchesTable(pair, [...pair.headline, ...pair.exploratory]),
    pair.refused.length ? [el("h3", null, "Not compared"), table([{title: "figure", cell: (r) => r.title, value: (r) => r.title, wrap: true},
      {title: "why", cell: (r) => r.reason, value: (r) => r.reason, wrap: true}], pair.refused)] : null);
}

function scoreSection() {
  const rows = result.scores.of.filter((one) => one.label !== result.scores.reference.label).flatMap((one) => ["time", "energy"].map((what) => ({label: one.label, what, score: one[what]})));
  section("score", "Score", el("p", null, "Geometric mean over pipelines of reference / own, of the integrated arm in memory, against " + result.scores.reference.folder +
    ". A part that is missing means no score."),
    table([{title: "result", cell: (r) => r.label, value: (r) => r.label}, {title: "of", cell: (r) => r.what, value: (r) => r.what},
      {title: "score", num: true, cell: (r) => (r.score.value === null ? "none" : el("b", null, r.score.value.toFixed(3))), value: (r) => r.score.value},
      {title: "parts: reference / own", wrap: true, cell: (r) => (r.score.value === null ? el("span.soft", null, r.score.reason) : r.score.components.map((part) =>
        el("div", null, part.name + ": " + quantity(part.reference, part.unit) + " / " + quantity(part.own, part.unit) + " = " + part.ratio.toFixed(3) + ", n = " + part.launches)))}], rows));
}

function settingsTable(rows) {
  return table([{title: "", cell: (r) => r.group, value: (r) => r.group}, {title: "setting", cell: (r) => r.name.replace(/_/g, " "), value: (r) => r.name, wrap: true},
    ...labels.map((label, i) => ({title: label, wrap: true, cell: (r) => r.values[i], value: (r) => r.values[i]}))], rows);
}

function machinesSection() {
  const differing = result.settings.filter((row) => row.differs);
  section("machines", "Machines and configurations", el("h3", null, "Where they differ"),
    differing.length ? settingsTable(differing) : el("p.soft", null, "Nowhere."), folded("All " + result.settings.length + " settings", settingsTable(result.settings)));
}

function valueCell(row, i) {
  const one = row.values[i];
  if (!one || one.value === null) return el("span.soft", {title: (one && one.reason) || "not in this result"}, "–");
  return [quantity(one.value, row.unit), one.ci95 ? el("div.small", null, "CI " + interval(one.ci95, row.unit)) : null];
}
function figuresTable(rows) {
  return table([{title: "figure", cell: (r) => r.name, value: (r) => r.name, wrap: true},
    ...labels.map((label, i) => ({title: label, num: true, cell: (r) => valueCell(r, i), value: (r) => r.values[i] && r.values[i].value}))], rows);
}

function sideBySideSection() {
  const key = result.figures.filter((row) => /^pipeline\..*\.(coupling_speedup|coupling_speedup_without_startup|cross_workflow_efficiency|movement_amplification|data_movement_reduction|energy_saving|speedup_over_simulation|amortisation|holdout_error|solutions_per_kwh)$/.test(row.name) && row.values.some((one) => one && one.value !== null));
  const others = result.figures.filter((row) => !key.includes(row));
  section("side", "Arms and figures side by side", phasesOverlay(), key.length ? [el("h3", null, "Key figures of the pipelines"), figuresTable(key)] : null,
    others.length ? folded("All other figures that no launch has a cost of its own for", figuresTable(others)) : null);
}

function limitsSection() {
  section("limits", "Limits and roofline", rooflineOverlay(), result.limits.length ? [el("h3", null, "Limits that the machines showed"), figuresTable(result.limits)] : el("p.soft", null, "No limits were measured."));
}

verdictsPart();
result.comparisons.forEach(pairSection);
scoreSection();
machinesSection();
limitsSection();
sideBySideSection();
