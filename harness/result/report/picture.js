// Fields as pictures: truth, prediction and their difference, drawn from the data. Viridis (Smith, van der Walt 2015)
// for values, a blue-white-red map centred at zero for differences; both keep their order in grey.
const viridis = ["#440154", "#481a6c", "#472f7d", "#414487", "#39568c", "#31688e", "#2a788e", "#23888e", "#1f988b", "#22a884",
  "#35b779", "#54c568", "#7ad151", "#a5db36", "#d2e21b", "#fde725"];
const bluered = ["#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fddbc7", "#f4a582", "#d6604d", "#b2182b"];

// Linear between the map's anchors; share in [0, 1] -> [r, g, b].
function mapped(map, share) {
  const at = Math.min(Math.max(share, 0), 1) * (map.length - 1), i = Math.min(Math.floor(at), map.length - 2);
  const part = (hex, k) => parseInt(hex.slice(1 + 2 * k, 3 + 2 * k), 16);
  return [0, 1, 2].map((k) => part(map[i], k) + (at - i) * (part(map[i + 1], k) - part(map[i], k)));
}

function paint(nx, ny, share, map) {
  const canvas = el("canvas", {width: nx, height: ny}), context = canvas.getContext("2d"), image = context.createImageData(nx, ny);
  for (let y = 0; y < ny; ++y)
    for (let x = 0; x < nx; ++x)  // y upwards
      image.data.set([...mapped(map, share((ny - 1 - y) * nx + x, x)), 255], 4 * (y * nx + x));
  context.putImageData(image, 0, 0);
  return canvas;
}

function picture(title, values, low, high, map, unit, entry) {
  const canvas = paint(entry.nx, entry.ny, (at) => (high > low ? (values[at] - low) / (high - low) : 0.5), map);
  canvas.style.aspectRatio = entry.nx + " / " + entry.ny;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", title);
  const scale = paint(128, 1, (at, x) => x / 127, map);
  scale.className = "scale";
  const ticks = [low, (low + high) / 2, high].map((v) => el("span", null, number(v) + " " + unit));
  return el("figure", null, el("b", null, title), canvas, scale, el("div.ticks", {}, ticks));
}

// A slice of one row is a curve.
function curveFigure(entry) {
  const caption = entry.title + ": simulated and predicted, of the first hold-out case";
  return [el("h3", null, "Truth and prediction: " + entry.title), chart(260, caption, (theme) => {
    const line = (label, values, at) => ({label, data: values, borderColor: colours[at], backgroundColor: colours[at], borderDash: dashes[at], pointStyle: shapes[at], borderWidth: 2});
    return {type: "line", data: {labels: entry.true.map((value, at) => at + 1), datasets: [line("simulated", entry.true, 0), line("predicted", entry.predicted, 1)]},
      options: {plugins: {legend: {labels: {color: theme.ink, usePointStyle: true}}},
        scales: {x: axis(theme, "point of the curve"), y: axis(theme, entry.unit)}}};
  })];
}

function pictureFigures(pipeline) {
  return pipeline.pictures.map((entry) => {
    if (entry.ny === 1) return curveFigure(entry);
    const difference = entry.predicted.map((value, at) => value - entry.true[at]);
    const both = [...entry.true, ...entry.predicted], low = Math.min(...both), high = Math.max(...both);
    const reach = Math.max(...difference.map(Math.abs)) || 1;
    const rms = Math.sqrt(difference.reduce((sum, d) => sum + d * d, 0) / difference.length);
    return [el("h3", null, "Truth and prediction: " + entry.title),
      el("div.pictures", null, picture("simulated", entry.true, low, high, viridis, entry.unit, entry),
        picture("predicted", entry.predicted, low, high, viridis, entry.unit, entry),
        picture("predicted − simulated", difference, -reach, reach, bluered, entry.unit, entry)),
      el("p.small", null, entry.nx + " × " + entry.ny + " points; simulated and predicted share one scale. Difference: root mean square " + number(rms) + " " + entry.unit + ", largest " + number(reach) + " " + entry.unit + ".")];
  });
}
