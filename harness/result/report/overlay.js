// Results over one another: kernels under the roofs of their machines, and phases of the arms.
function overlayPoints() {
  const titles = [];
  const points = result.results.flatMap((one, at) => one.points.filter((p) => p.flops > 0 && p.bytes > 0).map((p) => {
    if (!titles.includes(p.title)) titles.push(p.title);
    const x = p.flops / p.bytes;
    return {x, y: p.unit === "B/s" ? p.value * x : p.value, at, number: titles.indexOf(p.title) + 1, title: p.title};
  }));
  return {points, titles};
}

function rooflineOverlay() {
  const {points, titles} = overlayPoints();
  const roofs = result.results.map((one, at) => {
    const known = one.limits.filter((l) => typeof l.value === "number"), peaks = known.filter((l) => l.unit === "flop/s");
    return {at, peaks, slopes: known.filter((l) => l.name === "read" || l.name === "triad" || /^read_l\d$/.test(l.name))};
  }).filter((roof) => roof.peaks.length && roof.slopes.length);
  if (!points.length) return el("p.soft", null, "No kernel of these results counts both flops and bytes: there is nothing to draw.");
  const top = Math.max(...points.map((p) => p.y), ...roofs.flatMap((r) => r.peaks.map((l) => l.value)));
  const range = {left: 10 ** Math.floor(Math.log10(Math.min(...points.map((p) => p.x)) / 1.5)), right: 10 ** Math.ceil(Math.log10(Math.max(...points.map((p) => p.x)) * 1.5)),
    low: 10 ** Math.floor(Math.log10(Math.min(...points.map((p) => p.y)) / 1.5)), high: top * 3};
  return [el("h3", null, "Roofline"), chart(430, "Rate over arithmetic intensity of the kernels that count flops; a line joins a kernel's points" + (roofs.length ? ". Roofs: limits that each machine showed" : "") +
    ". Numbers: " + titles.map((title, i) => (i + 1) + " " + title).join("; ") + ".", (colours_) => overlayConfig(points, titles, roofs, range, colours_))];
}

function overlayConfig(points, titles, roofs, range, colours_) {
  const sets = result.results.map((one, at) => ({label: one.label + " " + one.folder, data: points.filter((p) => p.at === at), pointStyle: shapes[at % shapes.length], pointRadius: 6,
    pointHoverRadius: 8, backgroundColor: colours[at % colours.length], borderColor: at % shapes.length > 3 ? colours[at % colours.length] : colours_.page, borderWidth: 1}));
  const line = (data, at, width) => ({type: "line", label: "", data, borderColor: colours[at % colours.length], borderWidth: width, borderDash: dashes[at % dashes.length], pointRadius: 0, pointHitRadius: 0});
  const lines = roofs.flatMap(({at, peaks, slopes}) => {
    const best = Math.max(...slopes.map((l) => l.value)), top = Math.max(...peaks.map((l) => l.value));
    return [...peaks.map((l) => line([{x: Math.max(range.left, l.value / best), y: l.value}, {x: range.right, y: l.value}], at, 1.3)),
      ...slopes.map((l) => { const left = Math.max(range.left, range.low / l.value); return line([{x: left, y: l.value * left}, {x: top / l.value, y: top}], at, 1.3); })];
  });
  const joins = titles.map((title) => points.filter((p) => p.title === title)).filter((own) => own.length > 1)
    .map((own) => ({type: "line", label: "", data: own, borderColor: colours_.soft, borderWidth: 1, pointRadius: 0, pointHitRadius: 0}));
  return {
    type: "scatter", data: {datasets: [...sets, ...joins, ...lines]},
    options: {
      layout: {padding: {top: 6, right: 8}},
      plugins: {legend: {position: "bottom", labels: {color: colours_.ink, usePointStyle: true, filter: (item) => item.text !== ""}}, tooltip: {filter: (item) => item.datasetIndex < sets.length,
        callbacks: {label: ({raw}) => labels[raw.at] + ", " + raw.title + ": " + quantity(raw.y, "flop/s") + " at " + number(raw.x) + " flop/B"}}},
      scales: {
        x: axis(colours_, "arithmetic intensity / (flop/B)", {type: "logarithmic", min: range.left, max: range.right, ticks: {color: colours_.soft, maxRotation: 0, callback: powerTicks(number)}}),
        y: axis(colours_, "rate", {type: "logarithmic", min: range.low, max: range.high, ticks: {color: colours_.soft, callback: powerTicks((v) => quantity(v, "flop/s"))}}),
      },
    },
    plugins: [{id: "overlayLabels", afterDatasetsDraw: (drawn) => overlayLabels(drawn, points, roofs, range, colours_)}],
  };
}

// A kernel's number beside its highest point; a roof's name at the right end, or along its slope.
function overlayLabels({ctx, scales: {x, y}, chartArea}, points, roofs, range, colours_) {
  const taken = [];
  const free = (box) => taken.every((o) => box.r < o.l || box.l > o.r || box.b < o.t || box.t > o.b);
  const put = (text, boxes) => {
    const box = boxes.find(free);
    if (!box) return;
    taken.push(box);
    writeText(ctx, text, box.l, box.t, colours_);
  };
  ctx.save();
  ctx.textBaseline = "top";
  for (const p of points) taken.push({l: x.getPixelForValue(p.x) - 6, t: y.getPixelForValue(p.y) - 6, r: x.getPixelForValue(p.x) + 6, b: y.getPixelForValue(p.y) + 6});
  for (const n of new Set(points.map((p) => p.number))) {
    const highest = points.filter((p) => p.number === n).sort((a, b) => b.y - a.y)[0], width = ctx.measureText(String(n)).width;
    const px = x.getPixelForValue(highest.x), py = y.getPixelForValue(highest.y);
    put(String(n), [[9, -6], [-9 - width, -6], [-width / 2, -20], [9, -19], [-9 - width, -19]].map(([dx, dy]) => ({l: px + dx, t: py + dy, r: px + dx + width, b: py + dy + 12})));
  }
  for (const {at, peaks, slopes} of roofs) {
    for (const limit of peaks) {
      const text = labels[at] + " " + limit.name, width = ctx.measureText(text).width, py = y.getPixelForValue(limit.value);
      put(text, [0, 0.14, 0.28].map((share) => chartArea.right - 4 - share * (chartArea.right - chartArea.left)).map((right) => ({l: right - width, t: py - 14, r: right, b: py - 2})));
    }
    for (const limit of slopes) {
      const text = labels[at] + " " + limit.name, width = ctx.measureText(text).width;
      put(text, [1.3, 2, 3, 4.5].map((step) => Math.max(range.left, range.low / limit.value) * step).map((at_) => ({l: x.getPixelForValue(at_) + 4, t: y.getPixelForValue(limit.value * at_), r: x.getPixelForValue(at_) + 4 + width, b: y.getPixelForValue(limit.value * at_) + 12})));
    }
  }
  ctx.restore();
}

// Each arm of each result, the same arms of all results under one another.
function phasesOverlay() {
  const titles = [...new Set(result.results.flatMap((one) => one.phases.map((p) => p.title)))];
  const bars_ = titles.flatMap((title) => result.results.flatMap((one) => one.phases.filter((p) => p.title === title).map((p) => ({label: [one.label + ": " + title], phases: p.phases}))));
  if (!bars_.length) return null;
  const names = phaseNames(bars_.flatMap((bar) => bar.phases.map((p) => p.name)));
  const datasets = () => names.map((name) => {
    const values = bars_.map((bar) => bar.phases.filter((p) => p.name === name).reduce((sum, p) => sum + p.seconds, 0));
    return {label: name, data: values, seconds: values, backgroundColor: phaseFill(name), borderColor: theme().page, borderWidth: {right: 1}, barThickness: 22};
  });
  return [el("h3", null, "Where the time of each arm went"), chart(110 + 34 * bars_.length, "Phases of the median launch of each arm, in seconds. Hatched: transitions and waiting. A scaled arm shows its measured part.",
    (colours_) => barConfig(bars_.map((bar) => bar.label), datasets(), "seconds", colours_, true))];
}
