// The keyboard: the same everywhere but in fields that take text.

const KEYS = {
  j: () => choose(place + 1),
  k: () => choose(place - 1),
  ArrowDown: () => choose(place + 1),
  ArrowUp: () => choose(place - 1),
  g: () => choose(0),
  G: () => choose(listed.length - 1),
  Enter: () => place >= 0 && openSample(listed[place]),
  PageDown: () => choose(place + 10),
  PageUp: () => choose(place - 10),
};

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || element("help").open) return;
    const field = event.target.closest("input, select, textarea");
    if (event.key === "Escape") escape(field);
    else if (!field && everywhere(event.key)) event.preventDefault();
    else if (!field && wanted.view === "samples" && mayMove(event)) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });
}

/** Arrows scroll and Enter presses where something else than the list is focused. */
function mayMove(event) {
  if (!(event.key in KEYS)) return false;
  if (event.key.length === 1) return true;
  return event.target === document.body || event.target === element("list") || event.target === element("main");
}

function everywhere(key) {
  if (key === "/") {
    show("samples").then(() => element("query").focus());
  } else if (key === "?") element("help").showModal();
  else if (key === "t") switchTheme();
  else if ("123".includes(key)) show(["summary", "plots", "samples"][Number(key) - 1]);
  else return false;
  return true;
}

function escape(field) {
  if (field) {
    field.blur();
    element("list").focus();
  } else if (wanted.sample) closeSample();
}
