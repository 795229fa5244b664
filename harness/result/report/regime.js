// The regime map: points by work per byte and bytes per second, the speed-up at each, and where it passes its levels
// between neighbouring points of a sweep.
const regions = ["below 1.1", "1.1 to 2", "2 to 3", "3 and more"];
const levelShapes = {1.1: "cross", 2: "crossRot", 3: "star"};

function regimeSection() {
  const map = result.regime;
  if (!map) return;
  section("regime", "Where coupling pays: the regime map",
    el("p", null, map.claim.text + ". "), regimeChart(map), el("p", null, map.text + "."),
    folded("Along each sweep", el("ul", null, map.sweeps.map((sweep) => el("li", null, sweep.text + ".")))), regimeTable(map),
    folded("The claim at each point", table([{title: "point", cell: pointTitle, value: pointTitle},
      {title: "3-10x", cell: (p) => p.claim.text.replace(/^3-10x: /, ""), wrap: true}], map.points)));
}

function pointTitle(point) {
  const settings = Object.fromEntries(Object.entries(point.settings).filter(([key, value]) => key !== "fidelity" || value !== "train"));
  return caseTitle(Object.assign({}, point, {name: point.pipeline, settings}));
}
function placed(point) { return point.flops_per_byte.value !== null && point.simulated_byte_rate.value !== null && point.speedup.value !== null; }
function placeOf(point) { return {x: point.flops_per_byte.value, y: point.simulated_byte_rate.value, point}; }

function regimeChart(map) {
  const points = map.points.filter(placed);
  if (!points.length) return el("p.soft", null, "No point can be placed on the map.");
  const caption = "Speed-up of integrated over separated (S_c, the numbers) by the consumer's operations per byte handed over and the bytes per second that the simulation makes. " +
    "Thin lines join the points of a sweep; marks on them show where S_c passes 1.1, 2 or 3, interpolated between neighbours, never beyond them. Hollow points: UNSTABLE.";
  return chart(440, caption, (colours_) => {
    const sets = regions.map((region, index) => ({label: "S_c " + region, data: points.filter((p) => p.region === region).map(placeOf),
      show: (raw) => pointTitle(raw.point) + ": S_c " + raw.point.speedup.value.toFixed(2) + ", " + number(raw.x) + " flop/B, " + quantity(raw.y, "B/s"),
      pointStyle: shapes[index], pointRadius: 6, borderWidth: 2, borderColor: colours[index],
      backgroundColor: (context) => (context.raw && context.raw.point.status === "UNSTABLE" ? colours_.page : colours[index])}))
      .filter((set) => set.data.length);
    for (const level of [1.1, 2, 3]) {
      const at = map.sweeps.flatMap((sweep) => sweep.crossings.filter((c) => c.level === level).map((c) => ({x: c.at[0], y: c.at[1], sweep})));
      if (at.length) sets.push({label: "S_c = " + level, data: at, show: (raw) => "along " + raw.sweep.along + " of " + raw.sweep.fixed + ": " + number(raw.x) + " flop/B, " + quantity(raw.y, "B/s"),
        pointStyle: levelShapes[level], pointRadius: 8, borderWidth: 2, borderColor: colours_.ink, backgroundColor: "transparent"});
    }
    for (const sweep of map.sweeps)
      sets.push({label: "", data: sweep.points.map((i) => placeOf(map.points[i])), show: () => "", showLine: true, pointRadius: 0, pointHitRadius: 0,
        borderColor: colours_.soft, borderWidth: 1, borderDash: [3, 3]});
    const logarithmic = (title, key, show) => {
      const values = points.map((p) => placeOf(p)[key]);
      return axis(colours_, title, {type: "logarithmic", min: Math.min(...values) / 2, max: Math.max(...values) * 2, ticks: {color: colours_.soft, maxRotation: 0, callback: powerTicks(show)}});
    };
    const config = curveConfig(sets, logarithmic("work of the consumer per byte handed over, flop/B", "x", number),
      logarithmic("simulated bytes per second", "y", (v) => number(v / 1e6) + gap + "MB/s"), colours_);
    config.options.plugins.legend.labels.filter = (item) => item.text !== "";
    config.plugins = [{id: "speedups", afterDatasetsDraw: (drawn) => writeSpeedups(drawn, sets, colours_)}];
    return config;
  });
}

// Above its point, or below where another number stands there already.
function writeSpeedups(drawn, sets, colours_) {
  const taken = [];
  drawn.ctx.save();
  drawn.ctx.font = "11px " + Chart.defaults.font.family;
  sets.forEach((set, index) => {
    if (!set.label.startsWith("S_c ") || set.label.includes("=")) return;
    drawn.getDatasetMeta(index).data.forEach((element, i) => {
      const free = [[9, -6], [9, 14], [-34, -6], [-34, 14]].find(([dx, dy]) => !taken.some(([x, y]) => Math.abs(x - element.x - dx) < 28 && Math.abs(y - element.y - dy) < 12));
      if (!free) return;  // the table has them all
      const x = element.x + free[0], y = element.y + free[1];
      taken.push([x, y]);
      writeText(drawn.ctx, set.data[i].point.speedup.value.toFixed(2), x, y, colours_);
    });
  });
  drawn.ctx.restore();
}

function regimeTable(map) {
  const value = (key) => (p) => p[key].value;
  const ratio = (key) => (p) => (p[key].value === null ? measured(p[key]) : p[key].value.toFixed(2));
  return table([
    {title: "point", cell: pointTitle, value: pointTitle},
    {title: "handed over", num: true, cell: (p) => quantity(p.bytes, "B"), value: (p) => p.bytes},
    {title: "flop/B", num: true, cell: (p) => measured(p.flops_per_byte, "1"), value: value("flops_per_byte")},
    {title: "simulated", num: true, cell: (p) => measured(p.simulated_byte_rate), value: value("simulated_byte_rate")},
    {title: "S_c", num: true, cell: ratio("speedup"), value: value("speedup")},
    {title: "95 % CI", num: true, cell: (p) => interval(p.speedup.ci95, "1")},
    {title: "n", num: true, cell: (p) => recordLink(number(p.launches), 0, "ledger.jsonl", linesOf(p)), value: (p) => p.launches},
    {title: "no start-up", num: true, cell: ratio("speedup_without_startup"), value: value("speedup_without_startup")},
    {title: "separated", num: true, cell: (p) => measured(p.arms[0].seconds), value: (p) => p.arms[0].seconds.value},
    {title: "integrated", num: true, cell: (p) => measured(p.arms[1].seconds), value: (p) => p.arms[1].seconds.value},
    {title: "", cell: (p) => (["UNSTABLE", "INVALID", "FAILED", "SKIPPED"].includes(p.status) ? badgeOf(p.status) : null), value: (p) => p.status},
  ], map.points);
}
