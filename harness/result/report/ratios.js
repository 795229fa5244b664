// Ratios of a comparison on a logarithmic axis: 95 % intervals, and the band in which differences decide nothing.
const perChart = 20;

function ratioFigure(pair, rows) {
  const parts = [];
  for (let at = 0; at < rows.length; at += perChart) parts.push(rows.slice(at, at + perChart));
  const all = rows.flatMap((r) => [r.ratio, ...(r.ci95 || []), Math.exp(r.delta), Math.exp(-r.delta)]);
  const range = {low: Math.min(...all, 0.9) / 1.03, high: Math.max(...all, 1.1) * 1.03};
  return parts.map((part) => chart(96 + 25 * part.length, "Cost of " + pair.a + " over cost of " + pair.b + ": to the right of 1, " + pair.b + " is faster. Bars: 95 % intervals (from 6 launches on). " +
    "Shaded: differences that decide nothing." + (part.some((r) => r.verdict) ? " Filled: FASTER or SLOWER; hollow: any other verdict." : ""),
    (colours_) => ratioConfig(part, range, colours_)));
}

function ratioConfig(rows, range, colours_) {
  const decided = (row) => row.verdict === "FASTER" || row.verdict === "SLOWER";
  const colour = (row) => (row.verdict === "FASTER" ? colours[2] : row.verdict === "SLOWER" ? colours[1] : colours[0]);
  const points = {data: rows.map((row, y) => ({x: row.ratio, y, row})), pointRadius: 5, pointHoverRadius: 7, borderWidth: 2,
    pointStyle: rows.map((row) => (row.verdict === "FASTER" ? "triangle" : row.verdict === "SLOWER" ? "rect" : "circle")),
    borderColor: rows.map(colour), backgroundColor: rows.map((row) => (decided(row) ? colour(row) : colours_.page))};
  const bars = rows.map((row, y) => ({row, y})).filter(({row}) => row.ci95).map(({row, y}) =>
    ({data: row.ci95.map((x) => ({x, y})), showLine: true, borderColor: colour(row), borderWidth: 2, pointRadius: 0, pointHitRadius: 0}));
  const name = (y) => (Number.isInteger(y) && rows[y] ? clip(rows[y].title, 46) : "");
  return {
    type: "scatter", data: {datasets: [points, ...bars]},
    options: {
      plugins: {legend: {display: false}, tooltip: {filter: (item) => item.datasetIndex === 0, callbacks: {label: ({raw: {row}}) =>
        row.title + ": " + row.ratio.toFixed(3) + " " + ciText(row.ci95) + ", n = " + row.a.launches + ", " + row.b.launches + (row.verdict ? ", " + row.verdict : "")}}},
      scales: {
        x: axis(colours_, "ratio", {type: "logarithmic", min: range.low, max: range.high, afterBuildTicks: (scale) => { scale.ticks = ratioTicks(range).map((value) => ({value})); },
          ticks: {color: colours_.soft, autoSkip: false, maxRotation: 0, callback: (value) => String(Number(value.toPrecision(3)))}}),
        y: {type: "linear", min: -0.6, max: rows.length - 0.4, reverse: true, grid: {display: false}, afterBuildTicks: (scale) => { scale.ticks = rows.map((_, value) => ({value})); },
          ticks: {color: colours_.ink, autoSkip: false, callback: name}},
      },
    },
    plugins: [{id: "deltas", beforeDatasetsDraw: (drawn) => drawDeltas(drawn, rows, colours_)}],
  };
}

function clip(text, most) { return text.length <= most ? text : text.slice(0, most - 1) + "…"; }

// Few and round, and always 1.
function ratioTicks({low, high}) {
  const wide = high / low;
  const steps = wide < 1.5 ? [0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15, 1.2, 1.25] : wide < 8 ? [0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5] :
    Array.from({length: 25}, (_, i) => 10 ** Math.floor((i - 12) / 3) * [1, 2, 5][((i - 12) % 3 + 3) % 3]);
  return steps.filter((value) => value >= low && value <= high);
}

function drawDeltas({ctx, scales: {x, y}, chartArea}, rows, colours_) {
  ctx.save();
  rows.forEach((row, at) => {
    const left = x.getPixelForValue(Math.exp(-row.delta)), right = x.getPixelForValue(Math.exp(row.delta)), half = (y.getPixelForValue(1) - y.getPixelForValue(0)) / 2;
    ctx.fillStyle = colours_.grid;
    ctx.fillRect(left, y.getPixelForValue(at) - half, right - left, 2 * half);
  });
  ctx.strokeStyle = colours_.ink;
  ctx.lineWidth = 1.3;
  ctx.setLineDash([6, 4]);
  ctx.beginPath();
  ctx.moveTo(x.getPixelForValue(1), chartArea.top);
  ctx.lineTo(x.getPixelForValue(1), chartArea.bottom);
  ctx.stroke();
  ctx.restore();
}
