"use strict";

/** Tables are sorted by a click on a column's head; rows without a figure always come last. */
function compared(first, second, sign) {
  if (first === "" || second === "") return (first === "") - (second === "");
  const numbers = [Number(first), Number(second)];
  if (numbers.some(Number.isNaN)) return sign * first.localeCompare(second, "en", { numeric: true });
  return sign * (numbers[0] - numbers[1]);
}

function sort(head) {
  const first = head.dataset.first;
  const other = first === "ascending" ? "descending" : "ascending";
  const direction = head.getAttribute("aria-sort") === first ? other : first;
  for (const each of head.parentElement.children) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
  const body = head.closest("table").tBodies[0];
  const column = head.cellIndex;
  const sign = direction === "ascending" ? 1 : -1;
  const value = (row) => row.cells[column].dataset.value ?? "";
  const rows = [...body.rows].sort((a, b) => compared(value(a), value(b), sign));
  body.append(...rows);
}

function makeSortable(head) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.querySelector(".head").childNodes);
  button.addEventListener("click", () => sort(head));
  head.replaceChildren(button);
}

function find(text) {
  const wanted = text.trim().toLowerCase();
  let shown = 0;
  for (const row of document.querySelectorAll("tbody tr")) {
    row.hidden = !row.cells[0].dataset.value.toLowerCase().includes(wanted);
    shown += !row.hidden;
  }
  document.getElementById("count").textContent = `${shown} rows`;
}

/** The theme that was chosen, or the system's; private windows may remember nothing. */
function remembered() {
  try {
    return localStorage.getItem("unieval-theme");
  } catch {
    return null;
  }
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function showTheme() {
  document.getElementById("theme").setAttribute("aria-pressed", String(isDark()));
}

function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("unieval-theme", theme);
  } catch {
    // Nothing is remembered.
  }
  showTheme();
}

const theme = remembered();
if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
document.body.classList.add("script");
document.querySelectorAll("thead th").forEach(makeSortable);
document.getElementById("find").addEventListener("input", (event) => find(event.target.value));
document.getElementById("theme").addEventListener("click", switchTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
showTheme();
