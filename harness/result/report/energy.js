// Energy of a pipeline: every scope that was metered, phases where they were alone, what a saving is made of, idle power,
// the meters' own cost, and a declared model, apart from all that was measured.
function energyTables(pipeline) {
  const metered = pipeline.arms.filter((arm) => (arm.energy_scopes || []).length);
  const modelled = pipeline.arms.filter((arm) => arm.energy_modelled);
  if (!metered.length && !modelled.length) return null;
  return [el("h3", null, "Energy"), scopeTable(metered), phaseEnergyTable(metered), el("p", null, splitText(pipeline)),
    el("p.small", null, idleText()), modelTable(modelled)];
}

function scopeTable(arms) {
  const rows = arms.flatMap((arm) => arm.energy_scopes.map((one) => ({arm, one})));
  if (!rows.length) return null;
  return [el("p", null, "By scope, of the launch that stands for the arm. Scopes contain one another and are never added up. Levels: E2 components, E3 whole node, E4 nodes and network."),
    table([
      {title: "arm", cell: ({arm}) => armTitle(arm)},
      {title: "scope", cell: ({one}) => one.scope},
      {title: "level", cell: ({one}) => one.level},
      {title: "energy", num: true, cell: ({one}) => jouleText(one)},
      {title: "remark", cell: ({arm, one}) => one.reason || (one.scope === arm.energy_scope ? "counts as energy to solution" : "")},
    ], rows)];
}

function phaseEnergyTable(arms) {
  const rows = arms.flatMap((arm) => (arm.energy_by_phase || []).map((one) => ({arm, one})));
  if (!rows.length) return null;
  return [el("p", null, "By phase, where it is alone on the node: every slot in it at once."), table([
    {title: "arm", cell: ({arm}) => armTitle(arm)},
    {title: "phase", cell: ({one}) => one.name},
    {title: "alone", num: true, cell: ({one}) => quantity(one.alone_seconds, "s") + " of " + quantity(one.seconds, "s")},
    {title: "energy", num: true, cell: ({one}) => jouleText(one)},
    {title: "power", num: true, cell: ({one}) => quantity(one.watts, "W")},
    {title: "remark", cell: ({one}) => one.reason || ""},
  ], rows)];
}

function jouleText(one) { return one.joules === null ? "–" : quantity(one.joules, "J") + " ± " + quantity(one.error, "J"); }

function splitText(pipeline) {
  const split = pipeline.kpis.energy_saving_split;
  if (!split || split.joules === null) return "";
  return "Integrated saves " + quantity(split.joules, "J") + " a solution: " + quantity(split.from_time, "J") + " by less time at the separated arm's power of " +
    quantity(split.watts_separated, "W") + ", and " + quantity(split.from_power, "J") + " by less power (" + quantity(split.watts_integrated, "W") + ") over its own time; means of " +
    plural(split.pairs, "block", "blocks") + ".";
}

function idleText() {
  const {idle_power: idle, sampler} = result.run;
  const rests = (idle || []).map((rest) => rest.when + " the run " + (rest.watts === null ? "– (" + rest.reason + ")" : quantity(rest.watts, "W") + " (" + rest.scope + ")"));
  const cost = sampler ? "Reading " + plural(sampler.meters, "meter", "meters") + " every " + quantity(sampler.period, "s") + " took " + percent(sampler.cpu_share) + " of one core." : "";
  return (rests.length ? "Idle power " + rests.join(", ") + ". " : "") + cost;
}

function modelTable(arms) {
  if (!arms.length) return null;
  const {model} = arms[0].energy_modelled;
  return [el("p", null, "Modelled, not measured, from declared watts (" + model.source + "): idle node " + number(model.idle) + ", more for a slot in a phase " +
    number(model.phase) + ", in a transition " + number(model.transition) + ", waiting " + number(model.waiting) + ". No comparison or score reads it."),
    table([
      {title: "arm", cell: (arm) => armTitle(arm)},
      {title: "energy (modelled, not measured)", num: true, cell: (arm) => quantity(arm.energy_modelled.joules, "J")},
      {title: "remark", cell: (arm) => arm.energy_modelled.reason || ""},
    ], arms)];
}
