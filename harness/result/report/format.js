// Numbers for people: three significant digits, an SI prefix, a thin gap. The document keeps them in full.
const gap = "\u00a0";  // a number and its unit stay together

function threeDigits(value) { return Number(value.toPrecision(3)); }

function number(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return value === "inf" ? "∞" : String(value);
  const size = Math.abs(threeDigits(value));
  if (size >= 1000) return size < 1e15 ? Math.round(value).toLocaleString("en") : value.toExponential(2);
  if (size !== 0 && size < 1e-4) return value.toExponential(1).replace(/e([+-]?)(\d+)/, (_, s, d) => "·10" + superscript(s + d));
  return String(threeDigits(value)).replace("-", "−");
}

function superscript(text) {
  return [...text.replace("+", "")].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
}

function quantity(value, unit) {
  if (typeof value !== "number" || unit === "1") return number(value);
  if (unit.startsWith("1/")) return number(value) + gap + unit.slice(1);
  const [scaled, prefix] = unit === "B" ? binary(value) : decimal(value, unit === "s");
  return number(scaled) + gap + prefix + unit.replace("flop", "FLOP");
}

function decimal(value, seconds) {
  const size = Math.abs(threeDigits(value));
  if (size === 0) return [0, ""];
  const step = Math.max(-4, Math.min(Math.floor(Math.log10(size) / 3 + 1e-9), seconds ? 0 : 6));
  return [value / 1000 ** step, ["p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E"][step + 4]];
}

function binary(value) {
  let step = 0;
  for (; step < 6 && Math.round(Math.abs(value)) >= 1024; ++step) value /= 1024;
  return [value, ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][step]];
}

// With three digits for errors, which are compared with a limit and with one another: "3.00 %".
function percent(fraction, digits = 2) {
  if (typeof fraction !== "number") return "–";
  const value = fraction * 100, text = value.toPrecision(digits);
  return (Math.abs(value) >= 10 ** digits ? Math.round(value).toLocaleString("en") : digits > 2 && value >= 1 ? text : String(Number(text))) + gap + "%";
}

// {"value", "ci95", "reason"}: the value with its interval, or the reason why there is none.
function measured(entry, unit) {
  if (!entry) return "–";
  if (entry.value !== null && entry.value !== undefined) return [valueOf(entry, unit), entry.ci95 ? el("span.ci", null, " CI " + interval(entry.ci95, unit || entry.unit || "1")) : null];
  return el("span.soft", null, entry.reason || "–");
}

function valueOf(entry, unit) { return quantity(entry.value, unit || entry.unit || "1"); }  // alone: its interval stands beside it

// The unit stands once where both ends share it: "[202, 206] GFLOP/s".
function interval(ci, unit) {
  if (!ci) return "–";
  const [low, high] = ci.map((end) => quantity(end, unit).split(gap));
  if (low[1] !== high[1]) return "[" + low.join(gap) + ", " + high.join(gap) + "]";
  return "[" + low[0] + "," + gap + high[0] + "]" + (low[1] ? gap + low[1] : "");
}
