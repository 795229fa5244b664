// Growing designs: what the criterion saw after each round against the number of simulations, and when each was good enough.
function steeringFigure(pipeline) {
  const steering = pipeline.steering;
  if (!steering) return null;
  const checks = [...new Set(steering.designs.flatMap((d) => d.launches.flatMap((l) => l.rounds.flatMap((r) => r.verdicts.map((v) => v.check)))))];
  return [el("h3", null, "Where to simulate next: designs that grow until they are good enough"),
    el("p", null, "Criterion, on fresh cases after every round: " + steering.criterion + "."),
    steeringTable(pipeline), checks.slice(0, 1).map((check) => steeringChart(steering, check))];
}

function steeringTable(pipeline) {
  const last = pipeline.problem.steering.samples.at(-1);
  const count = (design) => (design.simulations_to_gate.value !== null ? quantity(design.simulations_to_gate.value, "1") : design.launches.length ? "> " + number(last) : "–");
  const each = (design) => design.launches.map((l) => (l.met ? "" : "> ") + l.simulations).join(", ");
  const confirmed = (design) => {
    const asked = design.launches.filter((l) => l.confirmed !== null);
    return asked.length ? asked.filter((l) => l.confirmed).length + " of " + asked.length : "–";
  };
  return table([
    {title: "design", cell: designTitle},
    {title: "simulations to the criterion, median", num: true, cell: count},
    {title: "95 % CI", num: true, cell: (d) => interval(d.simulations_to_gate.ci95, "1")},
    {title: "given up", num: true, cell: (d) => d.given_up + " of " + d.launches.length},
    {title: "holds again on the questions", num: true, cell: confirmed},
    {title: "each launch", wrap: true, cell: each},
  ], pipeline.steering.designs);
}

// A line for each design: the median over the launches that still grow or ended there; a point for every launch.
function steeringChart(steering, check) {
  const valueOf = (round) => { const v = round.verdicts.find((one) => one.check === check); return v && typeof v.value === "number" ? v.value : null; };
  const limit = steering.designs.flatMap((d) => d.launches.flatMap((l) => l.rounds.flatMap((r) => r.verdicts))).find((v) => v.check === check).limit;
  const middle = (values) => { const v = [...values].sort((a, b) => a - b), h = v.length >> 1; return v.length % 2 ? v[h] : (v[h - 1] + v[h]) / 2; };
  const all = steering.designs.flatMap((d) => d.launches.flatMap((l) => l.rounds.map((r) => r.samples)));
  const heights = steering.designs.flatMap((d) => d.launches.flatMap((l) => l.rounds.map(valueOf))).filter((v) => v > 0).concat(limit);
  const around = (values) => ({min: Math.min(...values) / 1.2, max: Math.max(...values) * 1.2});
  const datasets = (colours_) => [
    ...steering.designs.flatMap((design, i) => {
      const points = design.launches.flatMap((l) => l.rounds.map((r) => ({x: r.samples, y: valueOf(r)}))).filter((p) => p.y !== null);
      const sizes = design.split ? [] : [...new Set(points.map((p) => p.x))].sort((a, b) => a - b);
      const colour = colours[i % colours.length];
      return [
        {label: designTitle(design), data: sizes.map((x) => ({x, y: middle(points.filter((p) => p.x === x).map((p) => p.y))})), showLine: true, borderColor: colour,
          backgroundColor: colour, borderDash: dashes[i % dashes.length], borderWidth: 2.2, pointRadius: 0, pointStyle: "line"},
        {label: "", data: points, showLine: false, borderColor: colour, backgroundColor: "transparent", pointStyle: shapes[i % shapes.length], pointRadius: 3}];
    }),
    {label: "limit", data: [{x: Math.min(...all), y: limit}, {x: Math.max(...all), y: limit}], showLine: true, borderColor: colours_.ink, borderDash: [6, 4], borderWidth: 1.3,
      pointRadius: 0, pointStyle: "line"}];
  return chart(380, check + " after each round against the number of simulations so far, both logarithmic. A point is a launch, a line the median of the launches that got so far (a split has none: how much its rounds simulate is each launch's own); " +
    "launches that met the criterion have stopped, so that the lines' ends show the slower ones.", (colours_) => ({
    type: "scatter", data: {datasets: datasets(colours_)},
    options: {
      plugins: {legend: {position: "bottom", labels: {color: colours_.ink, usePointStyle: true, boxWidth: 26, filter: (item) => item.text !== ""}},
        tooltip: {callbacks: {label: ({dataset, raw}) => (dataset.label || "launch") + ": " + number(raw.x) + " simulations, " + number(raw.y)}}},
      scales: {x: axis(colours_, "simulations", {type: "logarithmic", ...around(all), ticks: {color: colours_.soft, callback: decadeTicks(number)}}),
        y: axis(colours_, check, {type: "logarithmic", ...around(heights), ticks: {color: colours_.soft, callback: decadeTicks(number)}})},
    },
  }));
}
