// Where the time of each arm went: phases added up, then the same on a clock.
const phaseOrder = ["start-up", "simulate", "hand over", "train", "propose", "answer", "validate", "wait"];
const phaseColours = {"start-up": "#8f979e", "simulate": "#0072b2", "hand over": "#d55e00", "train": "#009e73", "propose": "#56b4e9",
  "answer": "#e6a700", "validate": "#cc79a7", "wait": "#c9ced3"};
const hatched = ["start-up", "hand over", "wait"];

function phaseColour(name) { return phaseColours[name] || "#56b4e9"; }

// Transitions and waiting are hatched, so that they are told from work without colour.
function phaseFill(name) {
  if (!hatched.includes(name)) return phaseColour(name);
  const tile = el("canvas", {width: 8, height: 8}), context = tile.getContext("2d");
  context.fillStyle = phaseColour(name);
  context.fillRect(0, 0, 8, 8);
  context.strokeStyle = "rgba(255,255,255,0.65)";
  context.lineWidth = 1.6;
  for (const shift of [-8, 0, 8]) {
    context.beginPath();
    context.moveTo(shift, 8);
    context.lineTo(shift + 8, 0);
    context.stroke();
  }
  return context.createPattern(tile, "repeat");
}

function phaseNames(names) {
  const place = (name) => { const at = phaseOrder.indexOf(name); return at < 0 ? phaseOrder.length : at; };
  return [...new Set(names)].sort((a, b) => place(a) - place(b));
}

// Writes into each bar what fits: name and seconds, or seconds, or nothing.
const segmentLabels = {
  id: "segmentLabels",
  afterDatasetsDraw(drawn) {
    const {ctx} = drawn;
    ctx.save();
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    drawn.data.datasets.forEach((set, index) => drawn.getDatasetMeta(index).data.forEach((bar, at) => {
      const {x, base, y} = bar.getProps(["x", "base", "y"], true), seconds = set.seconds[at];
      const text = [set.label + " " + quantity(seconds, "s"), set.label, quantity(seconds, "s")].find((t) => ctx.measureText(t).width < Math.abs(x - base) - 8);
      if (!seconds || !text || hatched.includes(set.label) && Math.abs(x - base) < 40) return;
      ctx.fillStyle = inkOn(phaseColour(set.label));
      ctx.fillText(text, (x + base) / 2, y);
    }));
    ctx.restore();
  },
};

function barConfig(labels, datasets, title, colours_, stacked) {
  return {
    type: "bar", data: {labels, datasets},
    options: {
      indexAxis: "y",
      plugins: {
        legend: {position: "bottom", labels: {color: colours_.ink, boxWidth: 22, boxHeight: 12}},
        tooltip: {callbacks: {label: (item) => item.dataset.label + ": " + quantity(item.dataset.seconds[item.dataIndex], "s")}},
      },
      scales: {x: axis(colours_, title, {stacked, beginAtZero: true}), y: {stacked, grid: {display: false}, ticks: {color: colours_.ink}}},
    },
    plugins: [segmentLabels],
  };
}

function phasesFigure(pipeline) {
  const arms = pipeline.arms.filter((arm) => arm.phases.length && !hasNoFigure(arm));
  if (!arms.length) return null;
  const seconds = (arm, name) => arm.phases.filter((p) => p.name === name).reduce((sum, p) => sum + p.seconds, 0);
  const labels = arms.map((arm) => (arm.scaled ? [armTitle(arm), "(" + arm.scaled.answered + " of " + arm.scaled.of + " questions)"] : armTitle(arm)));
  const names = phaseNames(arms.flatMap((arm) => arm.phases.map((p) => p.name)));
  const datasets = () => names.map((name) => {
    const values = arms.map((arm) => seconds(arm, name));
    return {label: name, data: values, seconds: values, backgroundColor: phaseFill(name), borderColor: theme().page, borderWidth: {right: 1}, barThickness: 30};
  });
  const scaled = arms.some((arm) => arm.scaled);
  return [el("h3", null, "Where the time went"), chart(110 + 52 * arms.length,
    "Phases of the median launch (n = " + Math.max(...arms.map((a) => a.launches)) + "), which add up to its time. Hatched: transitions and waiting." +
    (scaled ? " An arm that answered a part of the questions shows its measured part; its time to solution in the table is scaled up." : ""),
    (colours_) => barConfig(labels, datasets(), "seconds", colours_, true))];
}

function timelineFigure(pipeline) {
  const entries = pipeline.timeline.filter((entry) => entry.seconds > 0);
  if (!entries.length) return null;
  const many = entries.some((entry) => entry.rank > 0);
  const row = (entry) => words(entry.arm.replace(/\.\w+=/g, ", ")) + (many ? ", rank " + entry.rank : "");
  const rows = [...new Set(entries.map(row))];
  const datasets = () => phaseNames(entries.map((e) => e.state)).map((name) => {
    const own = entries.filter((entry) => entry.state === name);
    return {label: name, data: own.map((e) => ({x: [e.begin, e.begin + e.seconds], y: row(e)})), seconds: own.map((e) => e.seconds),
      backgroundColor: phaseFill(name), borderColor: theme().page, borderWidth: {right: 1}, borderSkipped: false, grouped: false, barThickness: 22};
  });
  return [el("h3", null, "Timeline"), chart(100 + 38 * rows.length, "What " + (many ? "each rank" : "each arm") + " did when, in the median launch; seconds since the first process was started.",
    (colours_) => barConfig(rows, datasets(), "seconds since start", colours_, false))];
}
