// Links from a figure to the records behind it, in the result directories that the page was written from. They are relative
// to where it was written; the title names directory, file and lines for whoever reads it elsewhere.
const recordFolders = JSON.parse(document.getElementById("records").textContent);

// `which`: index of the result; `lines`: what to look for in the file. Without a directory the text stands alone.
function recordLink(text, which, file, lines) {
  const folder = recordFolders[which];
  if (folder === undefined) return text;
  const path = [...folder.split("/").filter((part) => part), file].map(encodeURIComponent).join("/");
  return el("a.record", {href: (folder.startsWith("/") ? "/" : "") + path, title: (folder || "beside this page: ") + file + ", " + lines + " (holds as long as the page lies where it was written)"}, text);
}

function linesOf(entry) {
  const of = entry.case === undefined ? "" : " of " + entry.case;
  return entry.launch_ids && entry.launch_ids.length ? "lines with \"launch\" or \"id\" " + entry.launch_ids.join(", ") + of : "the lines" + of;
}

// A figure's samples by its name: what is timed many times a launch has lines of its own, a pipeline's launch is one of
// the ledger.
function fileOf(fom) {
  if (/^(kernel|transition|interference|serving)\./.test(fom)) return "samples.jsonl";
  if (fom.endsWith(".holdout_error")) return "holdout.jsonl";
  return /\.(energy_to_solution|solutions_per_kwh|energy_saving)$/.test(fom) ? "power.csv" : "ledger.jsonl";
}
function figureLink(text, which, fom) { return recordLink(text, which, fileOf(fom), "launches of " + fom); }
