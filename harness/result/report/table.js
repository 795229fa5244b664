// Sortable tables. A column: {title, cell(row) -> text or node, value(row) for sorting, num, wrap}.
function table(columns, rows) {
  const body = el("tbody");
  const heads = columns.map((column) => {
    const head = el("th" + (column.num ? ".num" : ""), {scope: "col"});
    head.append(column.value ? el("button", {type: "button", title: "Sort"}, column.title) : column.title);
    if (column.value) head.firstChild.addEventListener("click", () => sort(column, head));
    return head;
  });
  const lines = rows.map((row) => [row, el("tr", null, columns.map((column) =>
    el("td" + (column.num ? ".num" : "") + (column.wrap ? ".wrap" : ""), null, column.cell(row))))]);
  body.append(...lines.map(([, line]) => line));

  function sort(column, head) {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const sorted = [...lines].sort(([a], [b]) => compare(column.value(a), column.value(b), down ? -1 : 1));
    body.replaceChildren(...sorted.map(([, line]) => line));
  }
  return el("div.scroll", null, el("table", null, el("thead", null, el("tr", null, heads)), body));
}

// Numbers before texts; what is missing comes last in both directions.
function compare(a, b, sign) {
  const none = (x) => x === null || x === undefined;
  if (none(a) || none(b)) return none(a) - none(b);
  return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
}

// Rows of named quantities against columns of arms: [{title, cells, total, part}], or {title, shared} where
// one text holds for all arms.
function comparison(corner, columns, rows) {
  const line = (row) => el("tr" + (row.total ? ".total" : ""), null,
    el("th" + (row.part ? ".part" : ""), {scope: "row"}, row.title),
    row.shared ? el("td.shared", {colspan: columns.length}, el("span.soft", null, row.shared)) : row.cells.map((cell) => el("td.num.wrap", null, cell)));
  const many = columns.length > 3 ? ".many" : "";  // narrow enough to stay on the page, also on paper
  return el("div.scroll", null, el("table" + many, null,
    el("thead", null, el("tr", null, el("th", null, corner), columns.map((title) => el("th.num", {scope: "col"}, title)))),
    el("tbody", null, rows.map(line))));
}
