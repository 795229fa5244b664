// One pipeline: the question, its arms side by side, KPIs and claims; then phases, timeline, hold-out, pictures.
function pipelineSections() {
  for (const pipeline of result.pipelines.filter((one) => !isReduced(one))) {
    const problem = pipeline.problem;
    section("pipeline-" + pipeline.case.replace(/[^\w]+/g, "-"), "Pipeline " + caseTitle(pipeline),
      el("p", null, "The same " + number(problem.questions) + " questions (" + number(problem.queries) + " model evaluations) answered in " + pipeline.arms.length +
        " ways. The clock runs from the start of the first process until all answers are there and the quality gate is passed."),
      facts([["problem", el("code", null, problem.version)], ["training simulations", number(problem.samples)],
        ["quality gate", problem.cases === 0 ? "no error per case: the answers are judged" : number(problem.cases) + " hold-out cases, at most " + number(problem.allowed) + " with an error above " + percent(problem.target, 3)],
        ["processes", plural(pipeline.ranks, "rank", "ranks") + " × " + plural(pipeline.threads, "thread", "threads")],
        ...Object.entries(problem.facts).map(([key, value]) => [words(key), value])]),
      claimList(pipeline), armTable(pipeline), kpiTable(pipeline), steeringFigure(pipeline), energyTables(pipeline), phasesFigure(pipeline), timelineFigure(pipeline),
      efficiencyFigure(pipeline), movementFigure(pipeline), placementFigure(pipeline),
      holdoutFigure(pipeline), rivalTable(pipeline), predictionTable(pipeline), pictureFigures(pipeline), answerTables(pipeline));
  }
}

function claimList(pipeline) {
  if (!pipeline.claims.length) return null;
  return el("ul.claims", null, pipeline.claims.map((claim) => el("li", null, badgeOf(claim.verdict), el("span", null, claim.text))));
}

function armTable(pipeline) {
  const arms = pipeline.arms, problem = pipeline.problem;
  const each = (title, cell, more) => Object.assign({title, cells: arms.map((arm) => cell(arm))}, more);
  const timed = (arm, key, unit) => (hasNoFigure(arm) ? badgeOf(arm.status) : key === "ttis" && arm[key].value !== null ? valueOf(arm[key], unit) : measured(arm[key], unit));
  // Where no arm has a value and all share one reason, the reason stands once.
  const quantityRow = (title, key, unit) => {
    const reason = arms[0] && arms[0][key].reason;
    if (reason && arms.every((a) => a[key].value === null && a[key].reason === reason)) return {title, shared: reason};
    return each(title, (a) => timed(a, key, unit));
  };
  const common = result.run.reasons.filter((why) => why.case === null).map((why) => why.reason);
  const moved = (arm) => Object.values(arm.bytes).reduce((sum, bytes) => sum + (bytes || 0), 0);
  const channels = (bytes) => Object.entries(bytes).filter(([, bytes]) => bytes).map(([name, bytes]) => words(name) + " " + quantity(bytes, "B")).join(", ");
  const rows = [
    each("time to validated solution", (a) => timed(a, "ttis", "s"), {total: true}),
    each("95 % CI over launches", (a) => interval(a.ttis.ci95, "s"), {part: true}),
    each("launches, n", (a) => (a.launches ? recordLink(number(a.launches), 0, "ledger.jsonl", linesOf(a)) : number(a.launches)), {part: true}),
    each("questions answered", (a) => number(a.answers.answered) + " of " + number(a.answers.questions) +
      (a.scaled ? ", time scaled up from " + quantity(a.scaled.measured_seconds, "s") : ""), {part: true}),
    each("expected time including failed launches", (a) => timed(a, "ettis", "s")),
    quantityRow("energy to solution", "energy_to_solution", "J"),
    quantityRow("validated solutions per kWh", "solutions_per_kwh", "1/kWh"),
    each("cross-workflow efficiency", (a) => measured(a.cross_workflow_efficiency, "1")),
    ...["eta_wait", "eta_transition", "eta_dilation"].map((key) => each(words(key).replace("eta", "η") + ", median launch", (a) => number(a.cross_workflow_efficiency[key]), {part: true})),
    each("payload moved between simulation and AI", (a) => quantity(moved(a), "B")),
    each("by channel", (a) => channels(a.bytes) || "–", {part: true}),
    each("besides, weights from training to answering", (a) => channels(a.weight_bytes) || "–", {part: true}),
    each("bytes moved / useful bytes", (a) => measured(a.movement_amplification, "1")),
    ...(problem.cases === 0 ? answerRows(each, arms) : [
    each("hold-out gate", (a) => (a.holdout ? [a.holdout.decides === false ? "not asked," : badgeOf(a.holdout.pass ? "pass" : "fail"), " ", recordLink(a.holdout.above + " of " + a.holdout.cases, 0, "holdout.jsonl", linesOf(a)), " above " + percent(a.holdout.target, 3)] : "–")),
    each("median, largest error", (a) => (a.holdout ? percent(a.holdout.median, 3) + ", " + percent(a.holdout.max, 3) : "–"), {part: true}),
    each("physical invariant, violation ≤ limit", (a) => (a.holdout ? percent(a.holdout.invariant_max) + " ≤ " + percent(a.holdout.invariant_limit) : "–"), {part: true}),
    each("skill against rivals", (a) => (a.skill ? badgeOf(a.skill.pass ? "pass" : "fail") : "–")),
    ]),
    each("weights, SHA-256", (a) => (a.weights_sha256 ? el("code", null, a.weights_sha256.slice(0, 12)) : "–")),
    each("status", (a) => [badgeOf(a.status), ...a.reasons.filter((why) => !common.includes(why.reason)).map((why) => el("div.small", null, why.reason))]),
  ];
  return [el("h3", null, "Arms side by side"), comparison("", arms.map(armTitle), rows)];
}

// Of a problem without an error per case: what its answers were judged by.
function answerRows(each, arms) {
  const checks = [...new Set(arms.flatMap((arm) => arm.answers.verdicts.map((v) => v.check)))];
  return checks.map((check) => each(check, (arm) => {
    const found = arm.answers.verdicts.find((v) => v.check === check);
    return found ? [number(found.value) + " ≤ " + number(found.limit) + " ", badgeOf(found.pass ? "pass" : "fail")] : "–";
  }));
}

const kpiWords = {
  coupling_speedup: ["coupling speed-up", "time separated / time integrated"],
  coupling_speedup_without_startup: ["coupling speed-up without start-up", "the same, process start-up taken out of both"],
  data_movement_reduction: ["data movement reduction", "1 − bytes integrated / bytes separated"],
  energy_saving: ["energy saving", "1 − energy integrated / energy separated"],
  speedup_over_simulation: ["speed-up over simulation only", "time simulation only / time integrated"],
  steering_gain: ["steering gain", "time fixed until gate / time steered until gate"],
  steering_gain_in_simulations: ["steering gain in simulations", "simulations fixed until gate / simulations steered until gate"],
  amortisation: ["amortisation", "answers after which the surrogate has paid for its data, training and validation"],
};

// The other couplings and the other baseline are rows like the rest.
function kpiRows(pipeline) {
  const arm = (text) => words(text.replace(/\.\w+=/g, ", "));
  return Object.entries(pipeline.kpis).filter(([key, entry]) => key === "couplings" || entry.value !== undefined).flatMap(([key, entry]) => (key !== "couplings" ? [[key, entry]] :
    entry.map((ratio) => ["speed-up of " + arm(ratio.arm) + " over " + arm(ratio.baseline), ratio])));
}

function kpiTable(pipeline) {
  const launches = Math.max(0, ...pipeline.arms.map((arm) => arm.launches));
  const unit = (key, entry) => (key === "data_movement_reduction" || key === "energy_saving" ? "%" : entry.unit);
  const show = (key, entry) => (typeof entry.value !== "number" ? number(entry.value) : unit(key, entry) === "%" ? percent(entry.value, 3) : key === "amortisation" ? number(Math.round(entry.value)) + " answers" : entry.unit === "1" ? entry.value.toFixed(2) + " ×" : quantity(entry.value, entry.unit));
  return [el("h3", null, "What coupling brought"), table([
    {title: "KPI", cell: ([key]) => (kpiWords[key] || [words(key)])[0]},
    {title: "value", num: true, cell: ([key, entry]) => el("b", null, show(key, entry))},
    {title: "95 % CI", num: true, cell: ([key, entry]) => (entry.ci95 && unit(key, entry) === "%" ? "[" + entry.ci95.map((end) => percent(end, 3)).join(", ") + "]" : interval(entry.ci95, "1"))},
    {title: "n", num: true, cell: () => recordLink(number(launches), 0, "ledger.jsonl", "lines of " + pipeline.case)},
    {title: "definition", cell: ([key]) => el("span.soft", null, (kpiWords[key] || ["", ""])[1])},
    {title: "remark", cell: ([, entry]) => entry.reason || ""},
  ], kpiRows(pipeline)), amortisationNote(pipeline)];
}

// What of a phase is the work of kernels that were timed by themselves.
function predictionTable(pipeline) {
  if (!pipeline.prediction || !pipeline.prediction.length) return null;
  return [el("h3", null, "What kernels predict of the phases"),
    el("p.soft", null, "Predicted = count × time of the kernel case, measured by itself in this run; what remains of a phase is the work named last."), table([
      {title: "phase", cell: (row) => row.phase},
      {title: "kernel case, and what the phase does besides", cell: (row) => [el("code", null, row.kernel), el("div.small.soft", null,
        number(row.count) + " " + (row.per || "runs") + (row.each_thread ? ", shared out to the threads" : "") + " of " + quantity(row.each, "s") + "; besides: " + row.besides)]},
      {title: "predicted", num: true, cell: (row) => quantity(row.predicted, "s"), value: (row) => row.predicted},
      {title: "measured", num: true, cell: (row) => quantity(row.measured, "s"), value: (row) => row.measured},
      {title: "share", num: true, cell: (row) => el("b", null, row.share === null ? "–" : percent(row.share, 3)), value: (row) => row.share},
      {title: "remark", cell: (row) => row.reason || ""},
    ], pipeline.prediction)];
}

function amortisationNote(pipeline) {
  const value = pipeline.kpis.amortisation && pipeline.kpis.amortisation.value;
  if (value === "inf") return el("p", null, "The surrogate never pays off here: a simulated answer costs no more than a predicted one.");
  return null;
}

function answerTables(pipeline) {
  return pipeline.arms.filter((arm) => arm.answers.rows && arm.answers.rows.length).map((arm) =>
    folded("The " + arm.answers.rows.length + " answers of " + armTitle(arm) + ", validated by simulation",
      facts(arm.answers.verdicts.map((v) => [v.check, [number(v.value) + " ≤ " + number(v.limit) + " ", badgeOf(v.pass ? "pass" : "fail")]])),
      table(["question", ...pipeline.problem.answer_names].map((title, at) => ({title, num: true, cell: (row) => number(row[at]), value: (row) => row[at]})),
        arm.answers.rows.map((row, at) => [at + 1, ...row]))));
}
