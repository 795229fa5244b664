// Roofline (Williams, Waterman, Patterson 2009): rate against arithmetic intensity, both logarithmic, under the limits
// measured on this machine. Points carry the kernel's number in the table above.
function isBandwidth(name) { return /^(read|triad)(_l\d)?$/.test(name); }

function rooflinePoints(rows) {
  return rows.filter(({kernel: k}) => !k.skipped && !hasNoFigure(k) && k.facts && k.facts.flops > 0 && k.facts.bytes > 0 && k.value > 0 && k.unit !== "s")
    .map(({kernel: k, number: label}) => {
      const x = k.facts.flops / k.facts.bytes;
      return {x, y: k.unit === "B/s" ? k.value * x : k.value, label: String(label), kernel: k,
        memory: isBandwidth(k.facts.limit)};
    });
}

function rooflineFigure(rows) {
  const points = rooflinePoints(rows);
  const limits = result.limits.filter((l) => typeof l.value === "number");
  const peaks = limits.filter((l) => l.unit === "flop/s"), slopes = limits.filter((l) => isBandwidth(l.name) && l.name.startsWith("read") || l.name === "triad");
  if (!points.length || !peaks.length || !slopes.length) return null;
  const top = Math.max(...peaks.map((l) => l.value)), slope = Math.max(...slopes.map((l) => l.value));
  const range = {
    left: 10 ** Math.floor(Math.log10(Math.min(...points.map((p) => p.x)) / 1.5)),
    right: 10 ** Math.ceil(Math.log10(Math.max(...points.map((p) => p.x), top / slope) * 1.5)),
    low: 10 ** Math.floor(Math.log10(Math.min(...points.map((p) => p.y)) / 1.5)), high: top * 3,
  };
  return [el("h3", null, "Roofline"), chart(430,
    "Rate over arithmetic intensity (flops per byte of least traffic) of the kernels that count flops; numbers as in the table. Lines: limits measured on this machine. " +
    "Circles are judged against arithmetic, triangles against memory. A point may lie above a memory line where its working set fits a cache.",
    (colours_) => rooflineConfig(points, peaks, slopes, range, colours_))];
}

function rooflineConfig(points, peaks, slopes, range, colours_) {
  const line = (from, to, index) => ({type: "line", data: [from, to], borderColor: colours_.soft, borderWidth: 1.5,
    borderDash: dashes[index % dashes.length], pointRadius: 0, fill: false});
  const best = Math.max(...slopes.map((l) => l.value)), top = Math.max(...peaks.map((l) => l.value));
  const roofs = [
    ...peaks.map((l, i) => line({x: Math.max(range.left, l.value / best), y: l.value}, {x: range.right, y: l.value}, i)),
    ...slopes.map((l, i) => {
      const left = Math.max(range.left, range.low / l.value);
      return line({x: left, y: l.value * left}, {x: top / l.value, y: top}, i);
    })];
  const dots = [false, true].map((memory, i) => ({type: "scatter", data: points.filter((p) => p.memory === memory), pointStyle: memory ? "triangle" : "circle",
    pointRadius: 6, pointHoverRadius: 8, backgroundColor: colours[i], borderColor: colours_.page, borderWidth: 1}));
  return {
    type: "scatter", data: {datasets: [...dots, ...roofs]},
    options: {
      layout: {padding: {top: 6, right: 8}},
      plugins: {legend: {display: false}, tooltip: {filter: (item) => item.datasetIndex < 2,
        callbacks: {label: ({raw}) => caseTitle(raw.kernel) + ": " + quantity(raw.y, "flop/s") + " at " + number(raw.x) + " flop/B"}}},
      scales: {
        x: axis(colours_, "arithmetic intensity / (flop/B)", {type: "logarithmic", min: range.left, max: range.right,
          ticks: {color: colours_.soft, maxRotation: 0, callback: powerTicks(number)}}),
        y: axis(colours_, "rate", {type: "logarithmic", min: range.low, max: range.high,
          ticks: {color: colours_.soft, callback: powerTicks((v) => quantity(v, "flop/s"))}}),
      },
    },
    plugins: [{id: "roofLabels", afterDatasetsDraw: (drawn) => rooflineLabels(drawn, points, peaks, slopes, range, colours_)}],
  };
}

// Labels take the first free place: limits at their line, then each point's number around its point.
function rooflineLabels(drawn, points, peaks, slopes, range, colours_) {
  const {ctx, scales: {x, y}, chartArea} = drawn;
  const taken = points.map((p) => ({l: x.getPixelForValue(p.x) - 6, t: y.getPixelForValue(p.y) - 6, r: x.getPixelForValue(p.x) + 6, b: y.getPixelForValue(p.y) + 6}));
  const free = (box) => taken.every((o) => box.r < o.l || box.l > o.r || box.b < o.t || box.t > o.b);
  ctx.save();
  ctx.textBaseline = "top";
  for (const limit of peaks) {
    const text = limit.name + " " + quantity(limit.value, limit.unit), width = ctx.measureText(text).width, at = y.getPixelForValue(limit.value);
    const boxes = [-15, 3].flatMap((dy) => [0, 0.1, 0.2, 0.3, 0.4].map((share) => chartArea.right - 4 - share * (chartArea.right - chartArea.left))
      .map((right) => ({l: right - width, t: at + dy, r: right, b: at + dy + 12})));
    const box = boxes.find(free) || boxes[0];
    taken.push(box);
    writeText(ctx, text, box.l, box.t, colours_);
  }
  [...slopes].sort((a, b) => b.value - a.value).forEach((limit, index) => slopeLabel(ctx, limit, index + 1 === slopes.length && index > 0, x, y, range, colours_));
  for (const p of points) {
    const cx = x.getPixelForValue(p.x), cy = y.getPixelForValue(p.y), width = ctx.measureText(p.label).width;
    const places = [[9, -6], [-9 - width, -6], [-width / 2, -20], [-width / 2, 8], [9, -19], [9, 6], [-9 - width, -19], [-9 - width, 6], [22, -6], [-width / 2, -33]];
    const boxes = places.map(([dx, dy]) => ({l: cx + dx, t: cy + dy, r: cx + dx + width, b: cy + dy + 12}));
    const box = boxes.find(free) || boxes[0];
    taken.push(box);
    writeText(ctx, p.label, box.l, box.t, colours_);
  }
  ctx.restore();
}

// Along the line and above it; the slowest below.
function slopeLabel(ctx, limit, below, x, y, range, colours_) {
  const at = Math.max(range.left, range.low / limit.value) * 1.6, px = x.getPixelForValue(at), py = y.getPixelForValue(limit.value * at);
  const angle = Math.atan2(y.getPixelForValue(limit.value * at * 10) - py, x.getPixelForValue(at * 10) - px);
  ctx.save();
  ctx.translate(px, py);
  ctx.rotate(angle);
  writeText(ctx, limit.name + " " + quantity(limit.value, limit.unit), 0, below ? 4 : -15, colours_);
  ctx.restore();
}
