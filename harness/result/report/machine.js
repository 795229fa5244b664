// What was run and on what; the limits that this machine showed.
function runSection() {
  const {run, tandem} = result;
  const pipelines = result.pipelines.map((p) => caseTitle(p)).join(", ");
  section("run", "What was run",
    facts([
      ["class", run.class + ", " + (run.class === "official" || run.class === "procurement" ? "at least " : "") + plural(run.launches, "launch", "launches") + " of each case"],
      ["configuration", el("code", null, run.config)],
      ["cases", result.kernels.length + " kernels" + (pipelines ? "; pipelines: " + pipelines : "") + (result.regime ? "; regime map: " + result.regime.points.length + " points" : "") + ((result.pairings || []).length ? "; pairings: " + [...new Set(result.pairings.map((p) => p.name))].join(", ") : "")],
      ["threads", String(run.threads) + " a rank"],
      ["duration", quantity(run.seconds, "s") + (run.outside_work ? ", of which outside any case " + quantity(run.outside_work.seconds, "s") + " (" + percent(run.outside_work.share) + ")" : "")],
      ["program", "Tandem " + tandem.version + ", commit " + tandem.commit.slice(0, 12) + (tandem.dirty ? ", with uncommitted changes" : "")],
      ["built with", tandem.compiler + " " + tandem.flags],
    ]));
}

function limitsSection() {
  const machine = result.machine;
  const drift = (limit) => (limit.before && limit.after ? Math.abs(limit.after / limit.before - 1) : null);
  section("limits", "Machine and its measured limits",
    el("p", null, machine.cpu + ", " + machine.cores + " cores, " + quantity(machine.memory_bytes, "B") + " of memory" + (machine.virtual ? ", virtual machine" : "") + ". ",
      "Every share of a limit in this report is taken of these measurements, not of a data sheet: the best seen before, between and after the cases (n ≥ 1 each, ", recordLink("every reading", 0, "ledger.jsonl", "lines of kind limits"), ")."),
    machine.warnings.map((text) => el("p.warning", null, "Warning: " + text)),
    !result.limits.length ? el("p.soft", null, "No limits were measured in this run.") : table([
      {title: "limit", cell: (l) => words(l.name), value: (l) => l.name},
      {title: "measured", num: true, cell: (l) => (l.value === null ? el("span.soft", null, "–") : el("b", null, quantity(l.value, l.unit)))},
      {title: "before", num: true, cell: (l) => quantity(l.before, l.unit)},
      {title: "after", num: true, cell: (l) => quantity(l.after, l.unit)},
      {title: "drift", num: true, cell: (l) => percent(drift(l)), value: drift},
      {title: "how", cell: (l) => [l.note || "", l.reason ? el("span.soft", null, (l.note ? ": " : "") + l.reason) : null]},
    ], result.limits));
}

function cacheText(cache) {
  if (typeof cache !== "object") return String(cache);
  if (cache.level === undefined || cache.bytes === undefined) return JSON.stringify(cache);
  return (cache.instances > 1 ? cache.instances + " × " : "") + "L" + cache.level + " " + quantity(cache.bytes, "B");
}

function machineSection() {
  const machine = result.machine;
  section("machine", "Machine details", facts([
    ["processor", machine.cpu],
    ["cores, threads", machine.cores + ", " + machine.threads],
    ["extensions", machine.isa.join(" ")],
    ["caches", machine.caches.map(cacheText).join(", ")],
    ["memory", quantity(machine.memory_bytes, "B") + ", " + plural(machine.numa_nodes, "NUMA node", "NUMA nodes")],
    ["virtual machine", machine.virtual ? "yes" : "no"],
    ["system", machine.os + ", " + machine.kernel],
    ...Object.entries(machine.libraries).map(([role, library]) =>
      [role, [library.name, library.version, library.core ? "(" + library.core + ")" : ""].filter((word) => word).join(" ")]),
    ...Object.entries(machine.environment).map(([key, value]) => [key, el("code", null, String(value))]),
  ]));
}

function figuresSection() {
  section("figures", "All figures and checks",
    folded(result.foms.length + " figures of merit", table([
      {title: "name", cell: (f) => el("code", null, f.name), value: (f) => f.name},
      {title: "value", num: true, cell: (f) => quantity(f.value, f.unit), value: (f) => f.value},
      {title: "95 % CI", num: true, cell: (f) => interval(f.ci95, f.unit)},
      {title: "launches", num: true, cell: (f) => (f.launches ? figureLink(number(f.launches), 0, f.name) : number(f.launches))},
      {title: "samples", num: true, cell: (f) => number(f.samples)},
      {title: "status", cell: (f) => f.status, value: (f) => f.status},
      {title: "reason", cell: (f) => f.reason || ""},
    ], result.foms)),
    folded(result.checks.length + " checks", table([
      {title: "check", cell: (c) => el("code", null, c.name), value: (c) => c.name},
      {title: "value", num: true, cell: (c) => number(c.value), value: (c) => c.value},
      {title: "limit", num: true, cell: (c) => number(c.limit), value: (c) => c.limit},
      {title: "result", cell: (c) => badgeOf(c.pass ? "pass" : "fail"), value: (c) => (c.pass ? 1 : 0)},
    ], result.checks)));
}
