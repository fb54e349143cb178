// The three views, the theme, and what happens when something is chosen.

/** Look for something else: change the state, the address and the list. */
function change(changes) {
  Object.assign(wanted, changes);
  showFilters();
  search();
}

/** Show what fits the state. */
function search() {
  writeAddress();
  const found = fitting();
  showList(found);
  versus();
  element("count").textContent = `${found.length.toLocaleString("en")} of ${samples.count.toLocaleString("en")} samples`;
}

/** Show one view; the samples are loaded when they are first looked at. */
async function show(view) {
  wanted.view = ["plots", "samples"].includes(view) ? view : "summary";
  if (document.body.dataset.view !== wanted.view) window.scrollTo(0, 0);
  document.body.dataset.view = wanted.view;
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.dataset.view === wanted.view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  writeAddress();
  if (wanted.view !== "samples") {
    document.body.classList.remove("detailed");
    showPlots();
    return;
  }
  element("count").textContent ||= "Loading…";
  try {
    await loadIndex();
    if (wanted.deep) await readAnswersToo();
    showFilters();
    search();
    openNamed();
  } catch (error) {
    element("count").textContent = error.message;
  }
}

function openNamed() {
  if (!wanted.sample) return;
  const sample = samples.ids.findIndex((id, i) => wanted.sample.endsWith(id) && nameOf(i) === wanted.sample);
  if (sample < 0) {
    element("count").textContent = `No sample ${wanted.sample} in this report.`;
    wanted.sample = "";
    return;
  }
  const at = listed.indexOf(sample);
  if (at >= 0) choose(at, true);
  else openSample(sample);
}

async function readAnswersToo() {
  answers = await loadAnswers((done) => {
    element("count").textContent = `Reading answers: ${done.toLocaleString("en")} of ${samples.count.toLocaleString("en")}`;
  });
}

function showPlots() {
  const choice = element("plot-task");
  if (wanted.task && [...choice.options].some((each) => each.value === wanted.task)) choice.value = wanted.task;
  for (const set of document.querySelectorAll(".plot-set")) set.classList.toggle("shown", set.dataset.task === choice.value);
}

const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function switchTheme() {
  const theme = dark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  remember("unieval-theme", theme);
  showTheme();
}

function showTheme() {
  element("theme").textContent = dark() ? "Light" : "Dark";
  element("theme").setAttribute("aria-pressed", String(dark()));
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Some browsers keep nothing for pages of the file system; the theme then lasts as long as the page.
  }
}

function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
