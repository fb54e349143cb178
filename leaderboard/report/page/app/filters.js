// What is looked for, kept in the page's address, and the samples that fit.

const NOTHING = { view: "summary", task: "", group: "", dimension: "", label: "", judge: "", is: "", judge2: "", is2: "", disagree: "", q: "", deep: "", sort: "", sample: "" };
const FIELDS = { query: "q", task: "task", group: "group", dimension: "dimension", label: "label", judge: "judge", is: "is", judge2: "judge2", is2: "is2", sort: "sort" };
const CHECKS = { deep: "deep", disagree: "disagree" };

let wanted = { ...NOTHING };
let judged = null;
let judgedFor = null;
let answers = null;

/** The state in an address's part after #; a sample alone is looked at in the samples view. */
function readAddress() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const known = Object.fromEntries(Object.entries(given).filter(([key]) => key in NOTHING));
  const view = known.view ?? (known.sample ? "samples" : NOTHING.view);
  return { ...NOTHING, ...known, view };
}

/** Put the state into the address, without a new entry in the history. */
function writeAddress() {
  const told = Object.entries(wanted).filter(([key, value]) => value !== NOTHING[key]);
  const hash = new URLSearchParams(told).toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

const element = (id) => document.getElementById(id);

function options(id, entries) {
  element(id).replaceChildren(...entries.map(([value, name]) => new Option(name, value)));
}

/** Fill the choices that do not change. */
function fillFilters() {
  const judges = meta.runs.map((run, number) => [String(number), run]);
  const found = Object.entries(OUTCOMES).map(([key, outcome]) => [key, outcome.name]);
  options("task", [["", "all"], ...meta.sets.map((set) => [set.title, set.title])]);
  options("judge", [["", "any judge"], ["every", "every judge"], ...judges]);
  options("judge2", [["", "any judge"], ["every", "every judge"], ...judges]);
  options("is", [["", "anything"], ...found]);
  options("is2", [["", "anything"], ...found]);
  options("label", [["", "any"], ...["1", "2", "t", "g", "b"].map((letter) => [letter, VERDICTS[letter]])]);
  options("sort", [["", "as in the data"], ["hard", "hardest first"], ["easy", "easiest first"], ["prompt", "prompt, A to Z"]]);
  const dimensions = [...new Set(meta.sets.flatMap((set) => set.dimensions))].filter(Boolean);
  options("dimension", [["", "main"], ...dimensions.map((name) => [name, name])]);
  element("dimension-field").hidden = dimensions.length === 0;
}

/** Show the state in the form; groups are those of the task. */
function showFilters() {
  const sets = meta.sets.filter((set) => !wanted.task || set.title === wanted.task);
  const groups = [...new Set(sets.flatMap((set) => set.groups))].filter(Boolean);
  options("group", [["", "all"], ...groups.map((name) => [name, name])]);
  element("group").disabled = groups.length === 0;
  for (const [id, key] of Object.entries(FIELDS)) element(id).value = wanted[key];
  for (const [id, key] of Object.entries(CHECKS)) element(id).checked = wanted[key] === "1";
}

/** Take the state from the form. */
function takeFilters() {
  for (const [id, key] of Object.entries(FIELDS)) wanted[key] = element(id).value;
  for (const [id, key] of Object.entries(CHECKS)) wanted[key] = element(id).checked ? "1" : "";
}

/** Numbers of the samples that fit, in order; but for what the two judges are if told so. */
function fitting(withOutcomes = true) {
  if (judgedFor !== wanted.dimension || judged.hard.length !== samples.count) {
    judged = outcomes(wanted.dimension);
    judgedFor = wanted.dimension;
  }
  const query = wanted.q.trim().toLowerCase();
  const set = meta.sets.findIndex((each) => each.title === wanted.task);
  const first = withOutcomes && wanted.is ? OUTCOMES[wanted.is]?.bits : 0;
  const second = withOutcomes && wanted.is2 ? OUTCOMES[wanted.is2]?.bits : 0;
  const found = [];
  for (let i = 0; i < samples.count; i++) {
    if (wanted.task && samples.set[i] !== set) continue;
    if (wanted.group && samples.group[i] !== wanted.group) continue;
    if (wanted.disagree && !judged.disagree[i]) continue;
    if (first && !fits(wanted.judge, first, i)) continue;
    if (second && !fits(wanted.judge2, second, i)) continue;
    if (wanted.label && labelOf(i) !== wanted.label) continue;
    if (query && !samples.lower[i].includes(query) && !(wanted.deep && answers?.[i]?.includes(query))) continue;
    found.push(i);
  }
  return sorted(found);
}

function fits(judge, bits, sample) {
  if (judge === "") return judged.bits.some((own) => own[sample] & bits);
  if (judge === "every") {
    const asked = judged.bits.filter((own) => own[sample]);
    return asked.length > 0 && asked.every((own) => own[sample] & bits);
  }
  return Boolean(judged.bits[judge]?.[sample] & bits);
}

function labelOf(sample) {
  const block = samples.blocks[samples.block[sample]];
  return block.dimensions[dimensionIn(block.set, wanted.dimension)].label[samples.row[sample]];
}

function sorted(found) {
  const { hard } = judged;
  if (wanted.sort === "hard") found.sort((a, b) => (hard[a] === hard[b] ? a - b : hard[b] - hard[a]));
  else if (wanted.sort === "easy") found.sort((a, b) => (hard[a] === hard[b] ? a - b : hard[a] - hard[b]));
  else if (wanted.sort === "prompt") found.sort((a, b) => (samples.lower[a] < samples.lower[b] ? -1 : samples.lower[a] > samples.lower[b] ? 1 : a - b));
  return found;
}

/** For two judges: how many samples one has right and the other not; each count sets the filter. */
function versus() {
  const [a, b] = [Number(wanted.judge), Number(wanted.judge2)];
  const place = element("versus");
  if (!/^\d+$/.test(wanted.judge) || !/^\d+$/.test(wanted.judge2) || a === b || !meta.runs[a] || !meta.runs[b]) {
    place.replaceChildren();
    return;
  }
  const counts = [0, 0, 0, 0];
  for (const i of fitting(false)) {
    const [one, other] = [judged.bits[a][i], judged.bits[b][i]];
    if (one && other && !((one | other) & SCORED)) counts[(one & RIGHT ? 0 : 2) + (other & RIGHT ? 0 : 1)] += 1;
  }
  place.replaceChildren(versusTable(a, b, counts));
}

function versusTable(a, b, counts) {
  const table = make("table", {}, make("caption", { class: "unseen" }, "The two judges against each other"));
  const names = ["right", "notright"];
  table.append(make("thead", {}, make("tr", {}, make("td"), ...names.map((key) => make("th", { scope: "col" }, `${meta.runs[b]} ${OUTCOMES[key].name}`)))));
  const body = make("tbody");
  names.forEach((one, row) => {
    const cells = names.map((other, column) => {
      const button = make("button", { type: "button" }, counts[2 * row + column].toLocaleString("en"));
      button.addEventListener("click", () => change({ is: one, is2: other }));
      return make("td", {}, button);
    });
    body.append(make("tr", {}, make("th", { scope: "row" }, `${meta.runs[a]} ${OUTCOMES[one].name}`), ...cells));
  });
  table.append(body);
  return table;
}
