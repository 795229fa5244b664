// The page's document, and how nodes are made. Text from the document only ever becomes text nodes, never markup.
// data-errors and data-rendered tell a test how it went.
const root = document.documentElement;
root.dataset.errors = "0";
window.addEventListener("error", () => { root.dataset.errors = String(Number(root.dataset.errors) + 1); });
const result = JSON.parse(document.getElementById("document").textContent);

// el("td.num", {title: "..."}, child, ...): children are nodes, texts or null.
function el(what, attributes, ...children) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

// A section of the page, listed in the contents.
function section(id, title, ...children) {
  document.getElementById("contents").append(el("a", {href: "#" + id}, title));
  const node = el("section", {id}, el("h2", null, title), ...children);
  document.getElementById("report").append(node);
  return node;
}

function badgeOf(word) {
  const good = word.startsWith("VALID") || word === "supported" || word === "pass";
  const bad = ["INVALID", "FAILED", "fail", "not supported"].includes(word);
  return el("span.badge" + (good ? ".good" : bad ? ".bad" : ""), null, word);
}

function folded(title, ...children) { return el("details", null, el("summary", null, title), ...children); }

function facts(pairs) {
  return el("dl.facts", null, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([key, value]) => [el("dt", null, key), el("dd", null, value)]));
}
