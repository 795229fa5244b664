// What coupling costs: where the slots' time was lost, which bytes moved, and whether the channels were fast enough.
function shareConfig(labels, datasets, title, show, colours_) {
  return {
    type: "bar", data: {labels, datasets},
    options: {
      indexAxis: "y",
      plugins: {
        legend: {position: "bottom", labels: {color: colours_.ink, boxWidth: 22, boxHeight: 12}},
        tooltip: {callbacks: {label: (item) => item.dataset.label + ": " + show(item.raw)}},
      },
      scales: {x: axis(colours_, title, {stacked: true, beginAtZero: true}), y: {stacked: true, grid: {display: false}, ticks: {color: colours_.ink}}},
    },
  };
}

function bars(label, data, colour) {
  return {label, data, backgroundColor: colour, borderColor: theme().page, borderWidth: {right: 1}, barThickness: 26};
}

// The slots' time R T = isolated work + dilation + transitions + waiting, in shares: the first is the efficiency.
function efficiencyFigure(pipeline) {
  const arms = pipeline.arms.filter((arm) => typeof arm.cross_workflow_efficiency.value === "number");
  if (!arms.length) return null;
  const share = (seconds) => arms.map((arm) => { const e = arm.cross_workflow_efficiency; return seconds(e) / (e.slots * e.seconds); });
  const work = share((e) => Math.min(e.A, e.slots * e.isolated)), dilation = share((e) => Math.max(0, e.A - e.slots * e.isolated));
  const datasets = () => [bars("work, as long as it takes alone", work, phaseColours.train), bars("dilation: phases slower than alone", dilation, phaseColours.validate),
    bars("transitions", share((e) => e.X), phaseFill("hand over")), bars("waiting", share((e) => e.Z), phaseFill("wait"))];
  const above = arms.filter((arm) => arm.cross_workflow_efficiency.eta_dilation > 1).map(armTitle);
  return [el("h3", null, "Where efficiency was lost"), chart(110 + 46 * arms.length,
    "The time of all slots, R·T, of the median launch by what became of it. Without dilation the first part is the cross-workflow efficiency." +
    (above.length ? " Phases were faster than alone in: " + above.join(", ") + "." : ""),
    (colours_) => shareConfig(arms.map(armTitle), datasets(), "share of R·T", (value) => percent(value, 3), colours_))];
}

function movementFigure(pipeline) {
  const arms = pipeline.arms.filter((arm) => arm.useful_bytes > 0);
  const channels = [...new Set(arms.flatMap((arm) => Object.keys(arm.bytes)))].filter((name) => arms.some((arm) => arm.bytes[name]));
  if (!channels.length) return null;
  const datasets = () => channels.map((name, at) => bars(words(name), arms.map((arm) => (arm.bytes[name] || 0) / arm.useful_bytes), colours[at % colours.length]));
  return [el("h3", null, "Bytes between simulation and AI"), chart(110 + 46 * arms.length,
    "Payload moved on each channel per useful byte (" + [...new Set(arms.map((arm) => quantity(arm.useful_bytes, "B")))].join(", ") + "); 0 is a true zero copy.",
    (colours_) => shareConfig(arms.map(armTitle), datasets(), "bytes moved / useful bytes", (value) => number(value), colours_)), channelTable(arms)];
}

// Where simulating and training at the same time breaks even with one after the other.
function placementFigure(pipeline) {
  const placement = pipeline.placement;
  if (!placement) return null;
  const points = [...placement.points].sort((a, b) => a.share - b.share);
  const rows = table([
    {title: "split, simulate + train", cell: (p) => p.split},
    {title: "time / time in memory", num: true, cell: (p) => p.ratio.toFixed(3)},
    {title: "95 % CI", num: true, cell: (p) => interval(p.ci95, "1")},
  ], points);
  const curve = points.length < 2 ? null : chart(280, "Time of the split over the time in memory on the same cores; below 1 the split is faster. Bars: 95 % CI.", (colours_) => ({
    type: "scatter", data: {datasets: [
      {label: "split", data: points.map((p) => ({x: p.share, y: p.ratio})), showLine: true, borderColor: colours[0], backgroundColor: colours[0], borderWidth: 2},
      ...points.filter((p) => p.ci95).map((p) => ({label: "", data: p.ci95.map((y) => ({x: p.share, y})), showLine: true, borderColor: colours[0], borderWidth: 1, pointRadius: 0})),
      {label: "in memory", data: [{x: points[0].share, y: 1}, {x: points.at(-1).share, y: 1}], showLine: true, borderColor: colours_.ink, borderDash: [6, 4], borderWidth: 1.3, pointRadius: 0}]},
    options: {plugins: {legend: {position: "bottom", labels: {color: colours_.ink, filter: (item) => item.text !== ""}}},
      scales: {x: axis(colours_, "share of the cores that simulates"), y: axis(colours_, "time / time in memory")}},
  }));
  const sizes = (result.size_placements || []).filter((sweep) => sweep.points.some((point) => point.case === pipeline.case))
    .map((sweep) => el("p", null, "Over sizes, " + sweep.sweep + ": " + sweep.text + "."));
  return [el("h3", null, "Together in time or apart: the split of the cores"), el("p", null, placement.text + "."), rows, curve, ...sizes];
}

function channelTable(arms) {
  const rows = arms.flatMap((arm) => (arm.sufficiency || []).map((channel) => ({arm, channel})));
  if (!rows.length) return null;
  return table([
    {title: "arm", cell: ({arm}) => armTitle(arm)},
    {title: "channel", cell: ({channel}) => words(channel.channel)},
    {title: "bytes", num: true, cell: ({channel}) => quantity(channel.bytes, "B")},
    {title: "measured by", cell: ({channel}) => words(channel.limit)},
    {title: "sufficiency", num: true, cell: ({channel}) => (channel.sufficiency === null ? channel.reason : number(channel.sufficiency) + " ×")},
    {title: "95 % CI", num: true, cell: ({channel}) => interval(channel.ci95, "1")},
    {title: "in words", cell: ({channel}) => (channel.sufficiency === null ? "" : channel.sufficiency < 1 ? "limits the coupling" :
      "enough: could move its bytes " + number(Math.floor(channel.sufficiency)) + " times while " + words(channel.bottleneck) + " runs")},
  ], rows);
}
