// The list of samples: only the rows in sight exist.

const HEIGHT = 56;
const SPARE = 6;

let listed = [];
let place = -1;

/** A new element; attributes with false or null are left out, text is never read as HTML. */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Text in which control characters and marks that change direction are seen. */
function plain(text) {
  return String(text)
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => `[U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

/** Show these samples; the chosen one stays chosen if it is among them. */
function showList(found) {
  const chosen = listed[place];
  listed = found;
  place = chosen === undefined ? -1 : found.indexOf(chosen);
  element("rows").style.height = `${HEIGHT * found.length}px`;
  element("list").scrollTop = place < 0 ? 0 : Math.max(0, HEIGHT * (place - 3));
  drawRows();
}

function drawRows() {
  const list = element("list");
  const first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - SPARE);
  const last = Math.min(listed.length, Math.ceil((list.scrollTop + list.clientHeight) / HEIGHT) + SPARE);
  const rows = [];
  for (let at = first; at < last; at++) rows.push(row(at));
  element("rows").replaceChildren(...rows);
  if (place >= first && place < last) list.setAttribute("aria-activedescendant", `row-${place}`);
  else list.removeAttribute("aria-activedescendant");
}

function row(at) {
  const sample = listed[at];
  const set = meta.sets[samples.set[sample]];
  const where = [set.title, samples.group[sample], samples.ids[sample]].filter(Boolean).join(" · ");
  const marks = make("div", { class: "marks" });
  meta.runs.forEach((name, run) => {
    const [sign, kind] = markOf(judged.bits[run][sample]);
    if (sign) marks.append(make("span", { class: `mark-of ${kind}`, title: `${name}: ${kind}`, "aria-label": `${name}: ${kind}` }, sign));
  });
  const made = make("div", { class: "row", id: `row-${at}`, role: "option", "aria-selected": String(at === place), "aria-posinset": at + 1, "aria-setsize": listed.length });
  made.style.top = `${HEIGHT * at}px`;
  made.append(make("div", { class: "text" }, plain(samples.prompts[sample]).replace(/\s+/g, " ").slice(0, 200)), make("div", { class: "where" }, plain(where)), marks);
  made.addEventListener("click", () => choose(at, true));
  return made;
}

/** Choose the row at this place; open it, or show it if one is open already. */
function choose(at, open = false) {
  if (!listed.length) return;
  place = Math.min(listed.length - 1, Math.max(0, at));
  const list = element("list");
  const top = HEIGHT * place;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + HEIGHT > list.scrollTop + list.clientHeight) list.scrollTop = top + HEIGHT - list.clientHeight;
  drawRows();
  if (open || wanted.sample) openSample(listed[place]);
}
