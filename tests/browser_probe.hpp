// What a reader does with a page, as a script in a copy of it: clicks every head of a table that sorts, moves the
// pointer to every chart, follows every link in thought, and notes what was asked of the network. It leaves its notes
// in <pre id="probe"> as JSON.
#pragma once

namespace tandem {

// Before everything else of the page. Frames come as fast as the browser's virtual time passes: it does not wait for
// those of a screen.
inline constexpr const char* kProbeBegin = R"js(<script>
window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 0);
window.refusedRequests = [];
document.addEventListener("securitypolicyviolation", (event) => window.refusedRequests.push(event.blockedURI));
</script>)js";

inline constexpr const char* kProbeEnd = R"js(<script>
window.addEventListener("load", async () => {
  const found = {heads: 0, unsorted: [], charts: 0, silent: [], tooltips: [], requests: [], broken: [], records: []};
  const text = (cell) => cell.textContent.trim();
  const plain = (t) => Number(t.replace(/,/g, "").replace("\u2212", "-"));
  for (const button of document.querySelectorAll("th button")) {
    const head = button.closest("th"), body = head.closest("table").tBodies[0];
    const column = () => [...body.rows].map((row) => text(row.cells[head.cellIndex]));
    const rows = () => [...body.rows].map(text).sort().join("\n"), before = rows();
    if (new Set(column()).size < 2) continue;
    ++found.heads;
    const turn = (word) => { button.click(); return head.getAttribute("aria-sort") === word ? column() : null; };
    const up = turn("ascending"), down = turn("descending");
    const numbers = up && up.map(plain).filter((n) => !Number.isNaN(n));
    const rises = numbers && (numbers.length < up.length || numbers.every((n, i) => i === 0 || numbers[i - 1] <= n));
    if (!up || !down || up.join() === down.join() || !rises || rows() !== before) found.unsorted.push(text(head));
  }
  const frame = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go, 0)));
  const pointAt = async (canvas, chart, element) => {
    const box = canvas.getBoundingClientRect(), at = element.tooltipPosition(true);
    canvas.dispatchEvent(new MouseEvent("mousemove", {clientX: box.left + at.x, clientY: box.top + at.y, bubbles: true}));
    await frame();
    const lines = chart.tooltip && chart.tooltip.opacity > 0 ? chart.tooltip.body.flatMap((part) => part.lines) : [];
    return lines.join("; ").trim();
  };
  for (const canvas of document.querySelectorAll("canvas")) {
    const chart = Chart.getChart(canvas);
    if (!chart || canvas.getBoundingClientRect().width === 0) continue;
    ++found.charts;
    canvas.scrollIntoView();
    let told = "";
    for (const {data} of chart.getSortedVisibleDatasetMetas())
      for (const element of data.slice(0, 20)) if (!told && !element.skip) told = await pointAt(canvas, chart, element);
    if (told) found.tooltips.push(told); else found.silent.push(canvas.getAttribute("aria-label"));
  }
  for (const link of document.querySelectorAll("a[href]")) {
    const href = link.getAttribute("href");
    if (href.startsWith("#") ? !document.getElementById(href.slice(1)) : /^[a-z]+:|^\/\//i.test(href)) found.broken.push(href);
    else if (!href.startsWith("#")) (link.title ? found.records : found.broken).push(href);
  }
  found.records = [...new Set(found.records)];
  found.requests = [...performance.getEntriesByType("resource").map((one) => one.name), ...window.refusedRequests];
  const notes = document.createElement("pre");
  notes.id = "probe";
  notes.textContent = JSON.stringify(found);
  document.body.append(notes);
});
</script>)js";

}  // namespace tandem
