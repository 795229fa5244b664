// K9, precision balance: cells over the formats of simulation, hand-over, training and inference; time against hold-out
// error of those that pass and of those that do not, and which of them no other one beats.
const phaseTitles = {simulate: "simulate", hand_over: "hand over", train: "train", infer: "infer"};

function precisionSections() {
  const balances = result.precision_balance || [];
  if (!balances.length) return;
  section("precision", "Precision balance", balances.map((balance) => [
    el("h3", null, caseTitle(balance) + ", " + armText(balance.arm)), el("p", null, balance.text + "."),
    precisionChart(balance), precisionTable(balance)]));
}

function armText(arm) { return words(arm.replace(/\.\w+=/g, ", ")); }
function formatsOf(cell) { return Object.entries(cell.precision).map(([phase, format]) => phaseTitles[phase] + " " + format).join(", "); }

// A case in less than full precision is a row here and has no section of its own.
function isReduced(pipeline) {
  return (result.precision_balance || []).some((balance) => JSON.stringify(balance.settings) !== JSON.stringify(pipeline.settings) &&
    balance.cells.some((cell) => cell.case === pipeline.case));
}

// A failing cell has no time and so no place on the axis: it lies at the left edge, by its error alone.
function precisionChart(balance) {
  const shown = balance.cells.filter((cell) => cell.error !== null);
  const passing = shown.filter((cell) => cell.pass), failing = shown.filter((cell) => !cell.pass);
  if (!passing.length) return null;
  const times = passing.map((cell) => cell.ttis.value), span = Math.max(...times) - Math.min(...times) || Math.max(...times) / 10;
  const low = Math.min(...times) - 0.35 * span, edge = Math.min(...times) - 0.2 * span;
  const point = (cell) => ({x: cell.pass ? cell.ttis.value : edge, y: cell.error, cell});
  const front = passing.filter((cell) => cell.front).sort((a, b) => a.ttis.value - b.ttis.value).map(point);
  const set = (label, cells, more) => Object.assign({label, data: cells.map(point), pointRadius: 6, borderWidth: 2}, more);
  const datasets = (colours_) => [
    {label: "Pareto front", data: front, showLine: true, borderColor: colours[0], backgroundColor: colours[0], pointStyle: "circle", pointRadius: 7, borderWidth: 1.6},
    set("passes, beaten by another cell", passing.filter((cell) => !cell.front), {borderColor: colours[0], backgroundColor: "transparent", pointStyle: "circle"}),
    set("fails its gate: error only, no time", failing, {borderColor: colours[1], backgroundColor: colours[1], pointStyle: "crossRot", pointRadius: 8}),
    ...passing.filter((cell) => cell.ttis.ci95).map((cell) => ({label: "", data: cell.ttis.ci95.map((x) => ({x, y: cell.error})), showLine: true, borderColor: colours_.soft, borderWidth: 1, pointRadius: 0}))];
  return chart(360, "Hold-out error over the time to a validated solution, one point a cell; lower left is better. Filled circles are beaten by no other cell, open ones are; " +
    "crosses at the left edge failed their gate and have no time. Bars: 95 % CI of the time.", (colours_) => ({
    type: "scatter", data: {datasets: datasets(colours_).filter((one) => one.data.length)},
    options: {
      plugins: {legend: {position: "bottom", labels: {color: colours_.ink, usePointStyle: true, filter: (item) => item.text !== ""}},
        tooltip: {callbacks: {label: ({raw}) => (raw.cell ? formatsOf(raw.cell) + ": " + (raw.cell.pass ? quantity(raw.x, "s") + ", " : "fails, ") + percent(raw.y, 3) : "")}}},
      scales: {x: axis(colours_, "time to validated solution, s", {min: low, ticks: {color: colours_.soft, callback: (value) => (value < Math.min(...times) - 0.1 * span ? "" : number(value))}}),
        y: axis(colours_, "median hold-out error", {ticks: {color: colours_.soft, callback: (value) => percent(value, 3)}})},
    },
  }));
}

function precisionTable(balance) {
  const metered = balance.energy_to_solution.value !== null;
  const mark = (cell, at) => (cell.status === "SKIPPED" ? el("span.soft", null, "unsupported") : !cell.pass ? badgeOf("fail") :
    [at === balance.cheapest ? el("b", null, "cheapest") : null, at === balance.cheapest && cell.front ? ", " : null, cell.front ? "on the front" : null]);
  return table([
    ...Object.keys(balance.cells[0].precision).map((phase) => ({title: phaseTitles[phase], cell: (r) => r.cell.precision[phase], value: (r) => r.cell.precision[phase]})),
    {title: "time", num: true, cell: (r) => (r.cell.pass ? quantity(r.cell.ttis.value, "s") : "–"), value: (r) => r.cell.ttis.value},
    {title: "95 % CI", num: true, cell: (r) => interval(r.cell.ttis.ci95, "s")},
    ...(metered ? [{title: "energy", num: true, cell: (r) => (r.cell.pass ? quantity(r.cell.energy_to_solution.value, "J") : "–"), value: (r) => r.cell.energy_to_solution.value}] : []),
    {title: "median hold-out error", num: true, cell: (r) => (r.cell.error === null ? "–" : percent(r.cell.error, 3)), value: (r) => r.cell.error},
    {title: "largest", num: true, cell: (r) => (r.cell.largest_error === null ? "–" : percent(r.cell.largest_error, 3)), value: (r) => r.cell.largest_error},
    {title: "n", num: true, cell: (r) => recordLink(number(r.cell.launches), 0, "ledger.jsonl", linesOf(r.cell))},
    {title: "", cell: (r) => mark(r.cell, r.at)},
    {title: "reason", wrap: true, cell: (r) => r.cell.reason || ""},
  ], balance.cells.map((cell, at) => ({cell, at})));
}
