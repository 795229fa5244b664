// The verdict on a delivered result: to print, sign and keep. `result` is the record of tandem accept.
const verdictMeanings = {
  "ACCEPTED": "Everything that was required holds, and every hard criterion is met.",
  "NOT ACCEPTED": "A requirement or a hard criterion is missed.",
  "UNDECIDED": "Something that was required could not be decided: this is no acceptance.",
  "INVALID": "The result is wrong, or its frozen weights fail the buyer's own hold-out.",
};

const limitOf = (one) => one.direction + gap + quantity(one.limit, one.unit);
const signedPercent = (share) => (share === null ? "–" : (share < 0 ? "−" : "+") + (100 * Math.abs(share)).toFixed(2) + gap + "%");
// A figure's long name may break after each of its parts.
const breakable = (name) => el("code", null, name.split(/(?<=\.)/).map((part) => [part, el("wbr")]));

function titleSection() {
  const kind = result.verdict === "ACCEPTED" ? ".good" : result.verdict === "UNDECIDED" ? "" : ".bad";
  const count = (list) => list.filter((one) => one.outcome === "pass").length + " of " + list.length;
  const hard = result.criteria.filter((one) => one.kind === "hard"), soft = result.criteria.filter((one) => one.kind === "soft");
  const sides = [result.buyer ? "Buyer: " + result.buyer : "", result.vendor ? "Vendor: " + result.vendor : ""].filter(Boolean);
  document.getElementById("report").append(
    el("h1", null, "Acceptance: " + result.lot),
    el("p.soft", null, sides.join(" · ")),
    el("div.verdict" + kind, null, el("b", null, result.verdict), " — " + verdictMeanings[result.verdict],
      result.why.length ? el("ul", null, result.why.map((why) => el("li", null, why))) : null),
    el("p", null, "Requirements met: " + count(result.requirements) + ". Hard criteria met: " + count(hard) + ". Soft criteria met: " + count(soft) +
      "; a soft criterion is told and rejects nothing."));
}

function requirementsSection() {
  section("requirements", "Required of the result", table([
    {title: "outcome", cell: (one) => badgeOf(one.outcome), value: (one) => one.outcome},
    {title: "requirement", cell: (one) => one.name, value: (one) => one.name},
    {title: "asked", cell: (one) => one.required, wrap: true},
    {title: "found", cell: (one) => [one.found, one.reason ? el("div.soft", null, one.reason) : null], wrap: true},
  ], result.requirements));
}

function intervalOf(one) {
  if (!one.ci95) return "none";
  return quantity(one.ci95[0], one.unit) + " to" + gap + quantity(one.ci95[1], one.unit);
}

function criteriaSection() {
  section("criteria", "Criteria", table([
    {title: "outcome", cell: (one) => [badgeOf(one.outcome), el("div.soft", null, one.kind), el("div.soft", null, ["proof", "=", one.proof].join(gap))], value: (one) => [one.outcome, one.kind, one.proof].join(" ")},
    {title: "figure", cell: (one) => [breakable(one.fom), el("div.soft", null, one.reason)], value: (one) => one.fom, wrap: true},
    {title: "measured", cell: (one) => [quantity(one.value, one.unit), el("div.soft", null, "CI95 " + intervalOf(one)),
      el("div.soft", null, one.launches ? figureLink("n = " + one.launches, 0, one.fom) : "n = 0", ", " + one.status)], value: (one) => one.value, num: true},
    {title: "limit", cell: (one) => [limitOf(one), one.tolerance ? [el("div.soft", null, "target " + quantity(one.target, one.unit)), el("div.soft", null, "tolerance " + number(100 * one.tolerance) + gap + "%")] : null],
      value: (one) => one.limit, num: true},
    {title: "margin", cell: (one) => signedPercent(one.margin), value: (one) => one.margin, num: true},
  ], result.criteria),
  el("p.small", null, "Limit: target times (1 − tolerance) for “at least”, (1 + tolerance) for “at most”. proof = pass: the worse end of the 95 % confidence interval (CI95) must meet the limit. ",
    "proof = fail: only a better end that misses it fails. Without an interval nothing is decided. Margin: by which part of the limit the deciding end lies on the right side. n: launches in fresh processes."));
}

function evidenceSection() {
  const programOf = (tandem) => "tandem " + tandem.version + " (" + tandem.commit + (tandem.dirty ? ", uncommitted changes" : "") + ")";
  const one = result.result, again = result.revalidation;
  section("evidence", "What was judged", facts([
    ["directory", one.folder],
    ["root (SHA-256 of its manifest)", el("code", null, one.root)],
    ["specification", result.specification.file],
    ["SHA-256 of the specification", el("code", null, result.specification.sha256)],
    ["SHA-256 of the measured plan", el("code", null, one.configuration)],
    ["machine", one.machine.cpu + ", " + one.machine.cores + " cores" + (one.machine.host ? ", host digest " + one.machine.host.slice(0, 12) : "")],
    ["measured", one.started + " by " + programOf(one.tandem)],
    ["revalidated", again ? again.started + " with the nonce " + again.nonce + "; seal " + again.seal : null],
    ["judged", result.made + " by " + programOf(result.tandem)],
    ["seal of this record", el("code", null, result.seal)],
  ]), el("p.small", null, "Files, chain and every figure of the directory were checked before it was judged. This shows accidents, and changes after the root was noted; it is no evidence against whoever ran ",
    "the measurement, who could have changed the program. Against that a hold-out by the buyer's own nonce helps, and running it again oneself."),
  folded("The specification as agreed", el("pre", null, result.specification.text)));
}

function signaturesSection() {
  const side = (who, name) => el("div.signature", null, el("b", null, "For the " + who), el("div", null, name || gap),
    ["Name", "Place, date", "Signature"].map((line) => el("div.line", null, line)));
  section("signatures", "Signatures", el("div.signatures", null, side("buyer", result.buyer), side("vendor", result.vendor)));
}

root.dataset.page = "acceptance";  // it prints on one sheet
titleSection();
requirementsSection();
criteriaSection();
evidenceSection();
signaturesSection();
