// One way to make a chart: it follows the page's colours, is redrawn for paper, and says in words what it shows.
const charts = [];
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9"];  // Okabe and Ito
const dashes = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
const shapes = ["circle", "rect", "triangle", "rectRot", "crossRot", "star"];

function theme() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue("--" + name).trim();
  return {ink: get("ink"), soft: get("soft"), grid: get("grid"), page: get("page"), accent: get("accent")};
}

// build(theme) -> configuration of Chart.js.
function chart(height, caption, build) {
  const canvas = el("canvas", {role: "img", "aria-label": caption});
  const box = el("div.chart", {style: "height:" + height + "px"}, canvas);
  charts.push({canvas, box, height, build, drawn: null});
  return el("figure", null, box, el("figcaption", null, caption));
}

function drawCharts(width) {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  for (const item of charts) {
    if (item.drawn) item.drawn.destroy();
    item.box.style.width = width ? width + "px" : "";
    const config = item.build(theme());
    Object.assign(config.options, {responsive: true, maintainAspectRatio: false, animation: false,
      devicePixelRatio: Math.max(2, window.devicePixelRatio || 1)});
    item.drawn = new Chart(item.canvas, config);
  }
}

function axis(colours_, title, more) {
  return Object.assign({title: {display: true, text: title, color: colours_.soft}, grid: {color: colours_.grid},
    ticks: {color: colours_.soft}}, more);
}

// Logarithmic axes: label the powers of ten, or 1, 2, 5 in each decade.
function powerTicks(show) {
  return (value) => (Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6 ? show(value) : "");
}

function decadeTicks(show) {
  return (value) => ([1, 2, 5].some((m) => Math.abs(value / 10 ** Math.floor(Math.log10(value) + 1e-9) - m) < 1e-6) ? show(value) : "");
}

// Text that stays readable on lines.
function writeText(ctx, text, x, y, colours_) {
  ctx.strokeStyle = colours_.page;
  ctx.lineWidth = 3;
  ctx.lineJoin = "round";
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colours_.ink;
  ctx.fillText(text, x, y);
}

// Black or white, whichever reads better on a colour (relative luminance, WCAG 2).
function inkOn(hex) {
  const part = (at) => { const c = parseInt(hex.slice(at, at + 2), 16) / 255; return c <= 0.04 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) > 0.18 ? "#000000" : "#ffffff";
}

function followTheme() {
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawCharts());
  window.addEventListener("beforeprint", () => { root.dataset.theme = "light"; drawCharts(670); });
  window.addEventListener("afterprint", () => { delete root.dataset.theme; drawCharts(); });
}
