// The beginning: listen, then show what the address asks for.

function listen() {
  element("theme").addEventListener("click", switchTheme);
  element("help-button").addEventListener("click", () => element("help").showModal());
  element("plot-task").addEventListener("change", (event) => {
    wanted.task = event.target.value;
    writeAddress();
    showPlots();
  });
  element("more").addEventListener("click", () => {
    const open = element("filters").classList.toggle("open");
    element("more").setAttribute("aria-expanded", String(open));
  });
  element("list").addEventListener("scroll", drawRows, { passive: true });
  new ResizeObserver(drawRows).observe(element("list"));
  const form = element("filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", async (event) => {
    takeFilters();
    if (event.target.id === "task") change({ group: "" });
    if (wanted.deep) await readAnswersToo();
    search();
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    change({ ...NOTHING, view: "samples", sample: wanted.sample });
  });
  window.addEventListener("hashchange", () => {
    wanted = readAddress();
    show(wanted.view);
    if (!wanted.sample && !element("detail").hidden) closeSample();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
  listenToKeys();
}

async function start() {
  const theme = remembered("unieval-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  document.body.classList.add("script");
  showTheme();
  wanted = readAddress();
  document.body.dataset.view = wanted.view;
  meta = await load("meta");
  fillFilters();
  listen();
  await show(wanted.view);
  const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 200));
  idle(() => loadIndex().catch(() => {}));
}

start().catch((error) => {
  document.getElementById("main").prepend(make("p", { class: "notice", role: "alert" }, error.message));
});
