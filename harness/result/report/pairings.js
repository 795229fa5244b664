// Two activities on one machine: the granularity curve of changing between them, the interference matrix, the latency
// of requests beside a neighbour.
function pairingSections() {
  const shown = (result.pairings || []);
  if (!shown.length) return;
  section("pairings", "Two activities on one machine", shown.map((pairing) => {
    const title = el("h3", null, caseTitle(pairing), " ", badgeOf(pairing.status),
      el("span.small", null, " n = ", recordLink(plural(pairing.launches, "launch", "launches"), 0, "samples.jsonl", linesOf(pairing))));
    if (pairing.skipped) return [title, el("p.soft", null, "Skipped: " + pairing.skipped)];
    if (hasNoFigure(pairing)) return [title, el("p.soft", null, pairing.reasons.map((r) => r.reason).join("; "))];
    return [title, {transition: transitionPart, interference: interferencePart, serving: servingPart}[pairing.name](pairing)];
  }));
}

function curveConfig(datasets, x, y, colours_) {
  return {
    type: "scatter", data: {datasets},
    options: {plugins: {legend: {position: "bottom", labels: {color: colours_.ink, usePointStyle: true}},
      tooltip: {callbacks: {label: (item) => item.dataset.label + ": " + item.dataset.show(item.raw)}}}, scales: {x, y}},
  };
}

function curveSet(label, points, index, show) {
  return {label, data: points, show, showLine: true, borderColor: colours[index], backgroundColor: colours[index],
    borderDash: dashes[index % dashes.length], pointStyle: shapes[index], pointRadius: 5, borderWidth: 2};
}

// Cases of the same pair (in one process, between two) share one picture.
function transitionPart(pairing) {
  const [from, to] = pairing.activities, found = pairing.transition;
  const same = result.pairings.filter((p) => p.name === "transition" && !p.skipped && !hasNoFigure(p) && p.activities.join() === pairing.activities.join());
  const row = (title, way) => ({title, way});
  const facts_ = table([
    {title: "change", cell: (r) => r.title, wrap: true},
    {title: "latency", num: true, cell: (r) => measured(r.way.latency)},
    {title: "95th percentile", num: true, cell: (r) => measured(r.way.latency_p95)},
    {title: "warm-up penalty", num: true, cell: (r) => measured(r.way.warm_up)},
    {title: "in the first", num: true, cell: (r) => number(r.way.warm_up_steps) + " steps" + (r.way.settled ? "" : ", not settled")},
  ], [row(from + " → " + to, found.forth), row(to + " → " + from, found.back)]);
  const half = el("p", null, "Half-efficiency period: ", measured(found.half_efficiency_period), ".");
  if (same[0] !== pairing) return [facts_, half, el("p.soft", null, "Its curve is in the picture above.")];
  const picture = chart(300, "Efficiency over the switching period: useful steps times their time alone, over wall time of the median cycle. The period is the useful work of one turn. " +
    "Dashed level: one half.", (colours_) => {
    const sets = same.map((p, index) => curveSet(words(p.settings.switch), p.transition.curve.map((c) => ({x: c.period, y: c.efficiency})), index,
      (raw) => percent(raw.y) + " at " + quantity(raw.x, "s")));
    const ends = same.flatMap((p) => p.transition.curve.map((c) => c.period));
    sets.push({label: "half", data: [Math.min(...ends), Math.max(...ends)].map((x) => ({x, y: 0.5})), show: () => "0.5", showLine: true,
      pointRadius: 0, borderColor: colours_.soft, borderDash: [3, 3], borderWidth: 1, pointStyle: "line"});
    return curveConfig(sets,
      axis(colours_, "switching period", {type: "logarithmic", ticks: {color: colours_.soft, callback: decadeTicks((v) => quantity(v, "s"))}}),
      axis(colours_, "efficiency", {min: 0, suggestedMax: 1.05}), colours_);
  });
  return [picture, facts_, half];
}

function interferencePart(pairing) {
  const names = pairing.activities, found = pairing.interference;
  const shade = (cell) => (cell.value === null ? "" : "background:rgba(213,94,0," + Math.min(0.6, Math.max(0, (cell.value - 1) * 0.6)).toFixed(2) + ")");
  const cellOf = (cell) => el("td.num", {style: shade(cell), title: cell.reason || (cell.ci95 ? "CI " + interval(cell.ci95, "1") : "")}, cell.value === null ? "–" : cell.value.toFixed(2));
  const matrix = el("div.scroll", null, el("table", null,
    el("thead", null, el("tr", null, el("th", null, "slowdown of ↓ beside →"), names.map((name) => el("th.num", {scope: "col"}, name)))),
    el("tbody", null, names.map((name, i) => el("tr", null, el("th", {scope: "row"}, name), found.slowdown[i].map(cellOf))))));
  const pairs = found.pairs.filter((pair) => pair.value !== null);
  const absent = [...new Set(found.pairs.filter((pair) => pair.value === null).map((pair) => pair.reason))];
  return [el("p", null, "Time of a step while the other loops beside it on cores of its own, over its time alone on the same cores."), matrix,
    absent.map((reason) => el("p.soft", null, "Not measured: " + reason)),
    folded("Side by side or in turns", el("p.small", null, "1/M_ij + 1/M_ji: above 1, running both at once beats taking turns on the same cores."),
      table([
        {title: "first", cell: (p) => p.first, value: (p) => p.first}, {title: "second", cell: (p) => p.second, value: (p) => p.second},
        {title: "1/M_ij + 1/M_ji", num: true, cell: (p) => p.value.toFixed(2), value: (p) => p.value},
        {title: "better", cell: (p) => p.better, value: (p) => p.better},
      ], pairs))];
}

function servingPart(pairing) {
  const points = pairing.serving.loads, busy = points.filter((p) => p.beside);
  const curve = (key, side) => busy.filter((p) => p[side][key].value !== null).map((p) => ({x: p.load, y: p[side][key].value}));
  const shows = (raw) => quantity(raw.y, "s") + " at " + percent(raw.x) + " of the capacity";
  const latency = chart(300, "Latency from arrival to answer over the offered load. Requests arrive by a Poisson process and do not wait for one another; where the stream falls behind, latency grows with the length of the measurement.",
    (colours_) => curveConfig(
      [curveSet("p50 beside", curve("p50", "beside"), 0, shows), curveSet("p99 beside", curve("p99", "beside"), 1, shows),
        curveSet("p50 alone", curve("p50", "alone"), 2, shows), curveSet("p99 alone", curve("p99", "alone"), 3, shows)],
      axis(colours_, "offered load / capacity", {beginAtZero: true}),
      axis(colours_, "latency", {type: "logarithmic", ticks: {color: colours_.soft, callback: decadeTicks((v) => quantity(v, "s"))}}), colours_));
  const side = (key, which) => (p) => (p[which] ? measured(p[which][key]) : "–");
  return [el("p", null, "Capacity: ", measured(pairing.serving.capacity), ", one request after the other with nothing beside."), latency,
    table([
      {title: "load", num: true, cell: (p) => number(p.load), value: (p) => p.load},
      {title: "p50 beside", num: true, cell: side("p50", "beside")}, {title: "p95 beside", num: true, cell: side("p95", "beside")},
      {title: "p99 beside", num: true, cell: side("p99", "beside")}, {title: "p99 alone", num: true, cell: side("p99", "alone")},
      {title: "answered of offered", num: true, cell: (p) => (p.beside ? percent(p.beside.answered / p.beside.offered) : "–")},
      {title: "slowdown of " + pairing.activities[1], num: true, cell: (p) => measured(p.slowdown)},
    ], points)];
}
