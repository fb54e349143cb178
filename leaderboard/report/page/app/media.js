// Candidates and context: pictures, films, frames of films, and texts.

const SMALL = 256;

/** One candidate or piece of context as an element. */
function shown(content, name) {
  if (typeof content === "string") return make("p", {}, plain(content));
  if (content.kind === "mixed") {
    const parts = content.parts.map((part, number) => shown(part, `${name}, part ${number + 1}`));
    return make("div", {}, ...parts);
  }
  if (content.kind === "missing") return make("p", { class: "quiet" }, `${name}: ${plain(content.why)}`);
  if (content.kind === "video") return film(content.at[0], name);
  if (content.kind === "frames") {
    const frames = content.at.map((at, number) => picture(at, `${name}, frame ${number + 1}`));
    return make("div", { class: "frames" }, ...frames);
  }
  return picture(content.at[0], name);
}

function picture(at, name) {
  const made = make("img", { class: "medium", src: at, alt: plain(name), loading: "lazy", decoding: "async" });
  made.addEventListener("load", () => made.classList.toggle("small-picture", made.naturalWidth < SMALL));
  made.addEventListener("error", () => made.replaceWith(make("p", { class: "quiet" }, `${name}: the file cannot be shown`)));
  return made;
}

function film(at, name) {
  const made = make("video", { class: "medium", src: at, controls: true, loop: true, playsinline: true, preload: "auto", "aria-label": plain(name) });
  made.muted = true;
  made.addEventListener("loadedmetadata", () => made.classList.toggle("small-picture", made.videoWidth < SMALL));
  made.addEventListener("error", () => made.replaceWith(make("p", { class: "quiet" }, `${name}: this browser cannot play it`)));
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) made.autoplay = true;
  return made;
}
