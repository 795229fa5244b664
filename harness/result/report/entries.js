// The cases and arms of a result, and what they are called.

// An arm that did not run, or failed, lacks what it did not reach.
const empty = {ttis: {value: null}, ettis: {value: null}, energy_to_solution: {value: null}, solutions_per_kwh: {value: null},
  phases: [], bytes: {}, weight_bytes: {}, useful_bytes: 0, cross_workflow_efficiency: {value: null}, movement_amplification: {value: null},
  holdout: null, skill: null, scaled: null, weights_sha256: null};
for (const pipeline of result.pipelines)
  for (const arm of pipeline.arms) {
    for (const [key, value] of Object.entries(empty)) if (arm[key] === undefined || arm[key] === null) arm[key] = value;
    arm.answers = Object.assign({questions: pipeline.problem.questions, answered: 0, verdicts: [], rows: []}, arm.answers);
  }

// The case in words: "dense/gemm n=4096 fp64, 2 ranks". Numbers keep their key; device=cpu and what is left to choose go
// without saying.
function caseTitle(entry) {
  const words = Object.entries(entry.settings)
    .filter(([key, value]) => value !== "auto" && !(key === "device" && value === "cpu"))
    .map(([key, value]) => /^[\d.kKMGT]+$/.test(value) || String(value).length < 2 || ["simulate", "train", "infer"].includes(key) ? key + "=" + value : value);
  return [entry.name, ...words].join(" ") + (entry.ranks > 1 ? ", " + entry.ranks + " ranks" : "");
}

// What is said of every arm of its kind is left out.
function armTitle(arm) {
  if (arm.design && arm.design !== "fixed") return designTitle(arm);
  const how = [];
  if (arm.coupling) how.push(words(arm.coupling) + (arm.split ? " " + arm.split : ""));
  if (arm.cache === "cold") how.push("cold");
  if (arm.handover === "bf16") how.push("bf16");
  return words(arm.arm) + (how.length ? " (" + how.join(", ") + ")" : "");
}
function designTitle(entry) { return words(entry.design) + (entry.split ? " " + entry.split : ""); }  // integrated, in memory unless split
function words(name) { return name.replace(/_/g, " "); }
function hasNoFigure(entry) { return ["INVALID", "FAILED", "SKIPPED"].includes(entry.status); }
