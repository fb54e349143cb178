// One sample: what was asked, what people said, and every answer of every judge.

let opening = 0;

const nameOf = (sample) => `${meta.sets[samples.set[sample]].title}/${samples.ids[sample]}`;

/** Open a sample beside the list. */
async function openSample(sample) {
  const turn = ++opening;
  wanted.sample = nameOf(sample);
  writeAddress();
  document.body.classList.add("detailed");
  const detail = await detailOf(sample);
  if (turn !== opening) return;
  const page = element("detail");
  page.replaceChildren(...described(sample, detail));
  page.hidden = false;
  page.scrollTop = 0;
}

/** Close the open sample and go back to the list. */
function closeSample() {
  opening += 1;
  wanted.sample = "";
  writeAddress();
  document.body.classList.remove("detailed");
  element("detail").hidden = true;
  element("detail").replaceChildren();
  drawRows();
  element("list").focus();
}

function described(sample, detail) {
  const where = [nameOf(sample), samples.group[sample]].filter(Boolean).join(" · ");
  const bar = make("div", { class: "bar" }, make("span", { class: "where" }, plain(where)));
  bar.append(action("Previous", () => choose(place - 1)), action("Next", () => choose(place + 1)), action("Close", closeSample));
  const parts = [bar, make("h3", { class: "unseen" }, "Prompt"), make("p", { class: "prompt" }, plain(samples.prompts[sample]))];
  if (detail.context.length) {
    const name = detail.context.length > 1 ? (k) => `context ${k + 1}` : () => "context";
    parts.push(make("div", { class: "context" }, make("h3", {}, "About"), ...detail.context.map((each, k) => shown(each, name(k)))));
  }
  if (detail.candidates.length) parts.push(candidates(sample, detail));
  if (detail.options.length) parts.push(optionList(sample, detail));
  const label = labelled(sample, detail);
  if (label) parts.push(make("p", {}, make("strong", {}, "Human label: "), label));
  parts.push(judges(sample, detail));
  return parts;
}

function action(name, act) {
  const button = make("button", { type: "button" }, name);
  button.addEventListener("click", act);
  return button;
}

function candidates(sample, detail) {
  const single = detail.candidates.length === 1;
  const label = single ? "" : labelOf(sample);
  const names = single ? ["Candidate"] : ["First", "Second"];
  const pair = make("div", { class: "pair" });
  detail.candidates.forEach((content, k) => {
    const preferred = label === String(k + 1);
    const head = make("h4", {}, names[k], preferred ? make("span", {}, " preferred") : null);
    pair.append(make("div", { class: preferred ? "preferred" : false }, head, shown(content, `${names[k].toLowerCase()} candidate`)));
  });
  return pair;
}

function optionList(sample, detail) {
  const right = labelOf(sample);
  return make("ol", { class: "options" }, ...detail.options.map((option, k) => {
    const letter = String.fromCharCode(65 + k);
    return make("li", { class: letter === right ? "right" : false }, plain(option), letter === right ? " ✓" : "");
  }));
}

function labelled(sample, detail) {
  const set = meta.sets[samples.set[sample]];
  if (["choice", "grade"].includes(set.kind)) return "";
  if (set.kind === "point") return scoreLabel(JSON.parse(detail.label));
  const block = samples.blocks[samples.block[sample]];
  const own = block.dimensions.map((each) => VERDICTS[each.label[samples.row[sample]]]);
  return set.dimensions.map((name, k) => (name ? `${name} ${own[k]}` : own[k])).join(", ");
}

function scoreLabel(label) {
  const one = (value) => (value.length === 3 ? `${value[0]} of ${value[1]} to ${value[2]}` : String(value[0]));
  if (Array.isArray(label)) return one(label);
  return Object.entries(label).map(([name, value]) => `${plain(name)} ${one(value)}`).join(", ");
}

/** The judges' answers; the two that are compared come first. */
function judges(sample, detail) {
  const first = [wanted.judge, wanted.judge2].filter((each) => /^\d+$/.test(each)).map(Number);
  const rank = (run) => (first.includes(run) ? first.indexOf(run) : first.length + run);
  const runs = [...detail.runs].sort((a, b) => rank(a.run) - rank(b.run));
  return make("div", { class: "answers" }, ...runs.map((run) => judgeOf(sample, run)));
}

function judgeOf(sample, run) {
  const bits = judged.bits[run.run][sample];
  const [sign, kind] = markOf(bits);
  const told = kind === "mixed" ? OUTCOMES.mixed.name : kind + (bits & FLIPPED ? ", flipped" : "");
  const head = make("h4", {}, meta.runs[run.run], " ", make("span", { class: kind }, `${sign} ${told}`));
  return make("section", { class: "judge", "aria-label": meta.runs[run.run] }, head, ...run.answers.flatMap((answer) => answerOf(answer, run.answers.length > 1)), ...run.grades.flatMap((grade) => answerOf(grade, true, "grade: ")));
}

const ORDERS = { ab: "as given", ba: "second shown first" };

function answerOf(answer, named, what = "") {
  const order = what + (ORDERS[answer.order] ?? `options from ${Number(answer.order.slice(1)) + 1}`);
  const vote = answer.vote ? `, vote ${answer.vote + 1}` : "";
  const facts = [];
  if (answer.verdict) facts.push(["verdict", verdictText(answer.verdict)]);
  if (answer.status !== "ok") facts.push(["status", answer.status.replaceAll("_", " ")]);
  if (answer.scores.length) facts.push(["scores", answer.scores.map((s) => (typeof s === "number" ? s.toPrecision(4) : s)).join(" and ")]);
  if (answer.error) facts.push(["error", plain(answer.error)]);
  if (answer.shares.length) facts.push(["likely", answer.shares.map(([text, share]) => `${plain(text)} ${(100 * share).toFixed(1)}%`).join(", ")]);
  const [asked, written] = answer.tokens;
  if (asked !== null || written !== null) facts.push(["tokens", `${asked ?? "?"} in, ${written ?? "?"} out`]);
  if (answer.seconds !== null) facts.push(["seconds", answer.seconds.toPrecision(3)]);
  const list = make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  const parts = named ? [make("h5", {}, order + vote)] : [];
  if (answer.made) parts.push(shown(answer.made, "what the model made"));
  parts.push(list);
  if (answer.raw !== null) parts.push(make("pre", { tabindex: 0, "aria-label": "raw answer" }, plain(answer.raw)));
  return parts;
}

function verdictText(verdict) {
  if (!verdict.startsWith("{")) return verdict.replaceAll("_", " ");
  return Object.entries(JSON.parse(verdict)).map(([name, word]) => `${plain(name)} ${String(word).replaceAll("_", " ")}`).join(", ");
}
