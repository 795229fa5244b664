// Kernels: figure, spread, share of the measured limit, verification; the samples behind each.
function spreadText(kernel) {
  if (kernel.ci95) return "CI " + interval(kernel.ci95, kernel.unit);
  const half = kernel.statistics && kernel.statistics.half_width;
  return typeof half === "number" ? "± " + percent(half) : "–";
}

function speedupText(kernel) {
  return kernel.speedup ? ", " + number(kernel.speedup.value) + " × " + kernel.speedup.over : null;
}

function limitCell(kernel) {
  const share = kernel.of_limit;
  if (!share || hasNoFigure(kernel)) return "–";
  const width = Math.min(100, 100 * share.fraction).toFixed(1);
  return [el("span.bar", {"aria-hidden": "true"}, el("i", {style: "width:" + width + "%"})),
    el("span.share", null, percent(share.fraction)), " of " + share.name];
}

function verifiedCell(kernel) {
  const failed = kernel.verdicts.find((v) => !v.pass);
  if (failed) return [badgeOf("fail"), " " + failed.check + ": " + number(failed.value) + " > " + number(failed.limit)];
  if (kernel.skipped) return "–";
  if (!kernel.verdicts.length) return [badgeOf("fail"), " not verified"];
  const worst = Math.max(...kernel.verdicts.map((v) => (v.limit > 0 ? v.value / v.limit : 0)));
  const all = kernel.verdicts.map((v) => v.check + ": " + number(v.value) + " ≤ " + number(v.limit)).join("\n");
  return el("span", {title: all}, worst === 0 ? "exact" : (worst < 0.01 ? "< 0.01" : worst.toFixed(2)) + " of bound");
}

function kernelsSection() {
  if (!result.kernels.length) return;
  const shown = (k) => !k.skipped && !hasNoFigure(k);
  const rows = result.kernels.map((kernel, index) => ({kernel, number: index + 1}));
  const usual = (status) => status === "UNOFFICIAL" || status.startsWith("VALID");
  section("kernels", "Kernels",
    el("p", null, "A figure is work divided by the median time. The spread is the 95 % interval of the median: over launches where there are at least six (CI), else within the one launch (±). n = launches × samples."),
    table([
      {title: "#", num: true, cell: (r) => String(r.number), value: (r) => r.number},
      {title: "kernel", cell: (r) => caseTitle(r.kernel), value: (r) => r.kernel.case},
      {title: "figure", num: true, cell: (r) => (shown(r.kernel) ? [el("b", null, quantity(r.kernel.value, r.kernel.unit)), speedupText(r.kernel)] : r.kernel.skipped ? el("span.soft", null, "skipped") : badgeOf(r.kernel.status)), value: (r) => (shown(r.kernel) ? r.kernel.value : null)},
      {title: "spread", num: true, cell: (r) => (shown(r.kernel) ? spreadText(r.kernel) : "–"), value: (r) => r.kernel.statistics && r.kernel.statistics.half_width},
      {title: "of the measured limit", cell: (r) => (r.kernel.skipped ? el("span.soft", null, r.kernel.skipped) : limitCell(r.kernel)), value: (r) => r.kernel.of_limit && r.kernel.of_limit.fraction},
      {title: "verified", cell: (r) => [verifiedCell(r.kernel), usual(r.kernel.status) || r.kernel.skipped || hasNoFigure(r.kernel) ? null : [" ", badgeOf(r.kernel.status)]]},
      {title: "n", num: true, cell: (r) => (r.kernel.skipped ? "–" : recordLink(r.kernel.launches + " × " + number(r.kernel.samples / Math.max(1, r.kernel.launches)), 0, "samples.jsonl", linesOf(r.kernel))), value: (r) => r.kernel.samples},
    ], rows),
    rooflineFigure(rows), samplesTable(rows));
}

// One dot a sample in the order measured, against the median (line): shows trends, steps and outliers.
function strip(samples) {
  const space = "http://www.w3.org/2000/svg";  // a name, never loaded
  const make = (tag, attributes) => {
    const node = document.createElementNS(space, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const all = samples.flat();
  const low = Math.min(...all), high = Math.max(...all), sorted = [...all].sort((a, b) => a - b);
  const y = (t) => 30 - 26 * (high > low ? (t - low) / (high - low) : 0.5);
  const svg = make("svg", {class: "strip", viewBox: "0 0 230 34", role: "img", "aria-label": all.length + " samples"});
  const middle = y(sorted[Math.floor(sorted.length / 2)]);
  svg.append(make("line", {x1: 0, x2: 230, y1: middle, y2: middle}));
  all.forEach((t, i) => svg.append(make("circle", {cx: (4 + 222 * (all.length > 1 ? i / (all.length - 1) : 0.5)).toFixed(1), cy: y(t).toFixed(1), r: 1.8})));
  return svg;
}

function samplesTable(rows) {
  const timed = rows.filter((r) => r.kernel.statistics);
  const time = (title, key) => ({title, num: true, cell: (r) => quantity(r.kernel.statistics[key], "s"), value: (r) => r.kernel.statistics[key]});
  return folded("The samples behind each figure", el("p.small", null, "Time of one run, in the order measured; the line is the median. MAD: median absolute deviation; ρ: lag-1 autocorrelation; batch: runs timed together as one sample."),
    table([
      {title: "#", num: true, cell: (r) => String(r.number), value: (r) => r.number},
      {title: "kernel", cell: (r) => caseTitle(r.kernel), value: (r) => r.kernel.case},
      {title: "n", num: true, cell: (r) => number(r.kernel.samples), value: (r) => r.kernel.samples},
      time("min", "min"), time("median", "median"), time("max", "max"), time("MAD", "mad"),
      {title: "ρ", num: true, cell: (r) => number(r.kernel.statistics.rho), value: (r) => r.kernel.statistics.rho},
      {title: "batch", num: true, cell: (r) => number(r.kernel.statistics.batch), value: (r) => r.kernel.statistics.batch},
      {title: "samples, from lowest to highest", cell: (r) => (r.kernel.sample_seconds.flat().length ? strip(r.kernel.sample_seconds) : "–")},
    ], timed));
}
