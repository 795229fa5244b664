// Hold-out errors in rising order against the gate's limit e*, with the rivals; and the table of rivals.
function holdoutSeries(pipeline) {
  const series = [];
  for (const arm of pipeline.arms) {
    if (!arm.holdout || !arm.holdout.errors.length) continue;
    const errors = arm.holdout.errors.filter((e) => typeof e === "number").sort((a, b) => a - b);
    const twin = series.find((other) => JSON.stringify(other.errors) === JSON.stringify(errors));
    if (twin) twin.label += " = " + armTitle(arm);
    else series.push({label: armTitle(arm), errors});
  }
  return series;
}

function rivalsOf(pipeline) {
  const arm = pipeline.arms.find((a) => a.skill && a.skill.rivals.length);
  return arm ? arm.skill.rivals : [];
}

function holdoutFigure(pipeline) {
  const series = holdoutSeries(pipeline), rivals = rivalsOf(pipeline);
  if (!series.length) return null;
  const target = pipeline.problem.target;
  return [el("h3", null, "Errors on unseen cases"), chart(400,
    "Relative error of " + number(series[0].errors.length) + " hold-out cases in rising order, logarithmic; the dashed line is the gate's limit e* = " + percent(target, 3) +
    ", which at most " + number(pipeline.problem.allowed) + " may exceed. Rivals are trained on the same simulations: their median (at 50 %) and largest error (at 100 %). Equal curves are drawn once.",
    (colours_) => holdoutConfig(series, rivals, target, colours_))];
}

function holdoutConfig(series, rivals, target, colours_) {
  const curves = series.map((one, i) => ({label: one.label, data: one.errors.map((e, at) => ({x: 100 * (at + 1) / one.errors.length, y: 100 * e})),
    borderColor: colours[i % colours.length], backgroundColor: colours[i % colours.length], borderDash: dashes[i % dashes.length], borderWidth: 2.2,
    pointRadius: 0, pointStyle: "line", showLine: true}));
  const points = rivals.map((rival, i) => ({label: rival.name + (rival.trivial ? " (trivial)" : ""), data: [{x: 50, y: 100 * rival.median}, {x: 100, y: 100 * rival.max}],
    pointStyle: shapes[(i + 1) % shapes.length], pointRadius: 6, showLine: false, backgroundColor: "transparent", borderColor: colours_.ink, borderWidth: 1.5}));
  const limit = {label: "e*, the gate's limit", data: [{x: 0, y: 100 * target}, {x: 100, y: 100 * target}], borderColor: colours_.ink, borderDash: [6, 4],
    borderWidth: 1.3, pointRadius: 0, pointStyle: "line", showLine: true};
  const all = series.flatMap((one) => one.errors).filter((e) => e > 0);
  const low = Math.max(100 * Math.min(...all, target) / 1.4, 1e-3), high = 140 * Math.max(...all, target, ...rivals.map((r) => r.max || 0));
  return {
    type: "scatter", data: {datasets: [...curves, limit, ...points]},
    options: {
      layout: {padding: {right: 10}}, clip: false,
      plugins: {legend: {position: "bottom", labels: {color: colours_.ink, usePointStyle: true, boxWidth: 26}},
        tooltip: {callbacks: {label: ({dataset, raw}) => dataset.label + ": " + number(raw.y) + " %"}}},
      scales: {
        x: axis(colours_, "share of hold-out cases / %", {min: 0, max: 100}),
        y: axis(colours_, "relative error / %", {type: "logarithmic", min: low, max: high, ticks: {color: colours_.soft, autoSkip: false, callback: decadeTicks(number)}}),
      },
    },
  };
}

function rivalTable(pipeline) {
  const arm = pipeline.arms.find((a) => a.skill && a.skill.rivals.length);
  if (!arm) return null;
  const skill = arm.skill, best = skill.best_rival, own = {name: "the network", median: skill.median, max: arm.holdout && arm.holdout.max, above: arm.holdout && arm.holdout.above, own: true};
  return [el("p", null, "Skill: the network's median error must be at most half of the best trivial rival's" +
      (skill.best_trivial ? " (" + skill.best_trivial.name + ", " + percent(skill.best_trivial.median, 3) + ")" : "") + ", and better than the best rival" +
      (best ? " (" + best.name + ", " + percent(best.median, 3) + "; paired sign test p = " + number(best.p_value) + ")" : "") + ": ", badgeOf(skill.pass ? "pass" : "fail")),
    table([
      {title: "method", cell: (r) => (r.own ? el("b", null, r.name) : r.name + (r.trivial ? " (trivial)" : "")), value: (r) => r.name},
      {title: "median error", num: true, cell: (r) => percent(r.median, 3), value: (r) => r.median},
      {title: "largest error", num: true, cell: (r) => percent(r.max, 3), value: (r) => r.max},
      {title: "cases above e*", num: true, cell: (r) => number(r.above), value: (r) => r.above},
      {title: "fit", num: true, cell: (r) => (r.seconds === undefined ? "–" : quantity(r.seconds, "s")), value: (r) => r.seconds},
    ], [own, ...skill.rivals])];
}
