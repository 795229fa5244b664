// The verdict first: status, why, and the few figures that people come for.
const meanings = {
  "FAILED": "A required case crashed or ran out of time.",
  "INVALID": "A result was wrong or a gate failed: its figures are withheld.",
  "UNSTABLE": "Correct, but something was too noisy or disturbed to rely on.",
  "UNOFFICIAL": "Correct and complete, but not a run to publish.",
  "VALID-OPEN": "Valid. The algorithm, precision, network or schedule was changed from the reference Problem.",
  "VALID-CLOSED": "Valid, on the unchanged reference Problem.",
};

function verdictSection() {
  const run = result.run;
  const kind = run.status.startsWith("VALID") ? ".good" : hasNoFigure(run) ? ".bad" : "";
  const reasons = run.reasons.map((why) => el("li", null, why.case ? el("code", null, why.case) : null,
    why.case ? ": " : null, why.reason, why.status !== run.status ? el("span.soft", null, " (" + why.status + ")") : null));
  document.getElementById("report").append(
    el("h1", null, "Benchmark result, class " + run.class),
    el("p.soft", null, (run.started ? run.started.slice(0, 16).replace("T", " ") + " UTC, " : "") + result.machine.cpu),
    el("div.verdict" + kind, null, el("b", null, run.status), " — " + (meanings[run.status] || ""), reasons.length ? el("ul", null, reasons.slice(0, 8)) : null,
      reasons.length > 8 ? folded("and " + (reasons.length - 8) + " more reasons", el("ul", null, reasons.slice(8))) : null),
    el("div.cards", null, cards()));
}

function plural(count, one, many) { return count + " " + (count === 1 ? one : many); }

function card(figure, ...label) { return el("div.card", null, el("div.figure", null, figure), el("div.label", null, label)); }

function cards() {
  const list = result.pipelines.filter((one) => !isReduced(one)).flatMap((pipeline) => {
    const arm = (name) => pipeline.arms.find((a) => a.arm === name && a.split == null && a.cache !== "cold" && (a.design || "fixed") === "fixed" && !hasNoFigure(a) && a.ttis.value !== null);
    const time = (a) => (a ? quantity(a.ttis.value, "s") : "–");
    const speedup = pipeline.kpis.coupling_speedup;
    const claim = pipeline.claims[0];
    return [
      card(time(arm("separated")) + " → " + time(arm("integrated")),
        pipeline.name + ": time to validated solution, separated → integrated; n = " + plural(Math.max(0, ...pipeline.arms.map((a) => a.launches)), "launch", "launches")),
      card(speedup.value === null ? "–" : speedup.value.toFixed(2) + " ×",
        pipeline.name + ": coupling speed-up" + (speedup.ci95 ? ", CI " + interval(speedup.ci95, "1") : "") + ", n = " + plural(Math.max(0, ...pipeline.arms.map((a) => a.launches)), "launch", "launches") + (claim ? "; claim “" + claim.claim + "” " + claim.verdict : "")),
    ];
  });
  const run = result.kernels.filter((k) => !k.skipped);
  const good = run.filter((k) => k.verdicts.length && k.verdicts.every((v) => v.pass));
  if (run.length) list.push(card(good.length + " of " + run.length, "kernels verified before they were timed; " + (result.kernels.length - run.length) + " skipped"));
  const passed = result.checks.filter((c) => c.pass).length;
  if (result.checks.length) list.push(card(passed + " of " + result.checks.length, "checks passed in the whole run"));
  return list;
}
