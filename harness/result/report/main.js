// The page, from the verdict down to the details. data-errors and data-rendered tell a test how it went.
const root = document.documentElement;
root.dataset.errors = "0";
window.addEventListener("error", () => { root.dataset.errors = String(Number(root.dataset.errors) + 1); });

verdictSection();
runSection();
limitsSection();
kernelsSection();
precisionSections();
pipelineSections();
pairingSections();
regimeSection();
machineSection();
figuresSection();
drawCharts();
followTheme();
document.getElementById("plain").open = false;
root.dataset.rendered = "true";
