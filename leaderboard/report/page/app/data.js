// The data of the report: every file in data/ is a script that hands over one value.

const waiting = new Map();

window.unievalData = (name, value) => {
  const promise = waiting.get(name);
  if (promise) promise.resolve(value);
};

/** The value of data/NAME.js; it is loaded once. */
function load(name) {
  if (!waiting.has(name)) {
    const entry = {};
    entry.promise = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    waiting.set(name, entry);
    const script = document.createElement("script");
    script.src = `data/${name}.js`;
    script.onerror = () => entry.reject(new Error(`data/${name}.js is missing: copy the whole folder`));
    script.onload = () => script.remove();
    document.head.append(script);
  }
  return waiting.get(name).promise;
}

/** Let go of what load() keeps, where it has been taken over. */
function forget(name) {
  waiting.delete(name);
}

/** All samples as columns: ids, prompts, sets, groups, and for each sample its block and row. */
const samples = { count: 0, ids: [], prompts: [], lower: [], set: [], group: [], block: [], row: [], blocks: [] };
let meta = null;
let indexed = null;

/** Load the columns of all samples, once. */
function loadIndex() {
  indexed ??= readIndex();
  return indexed;
}

async function readIndex() {
  const names = Array.from({ length: meta.indexes }, (_, k) => `index-${k}`);
  const blocks = await Promise.all(names.map(load));
  blocks.forEach((block, number) => {
    forget(names[number]);
    const groups = meta.sets[block.set].groups;
    for (let row = 0; row < block.ids.length; row++) {
      samples.ids.push(block.ids[row]);
      samples.prompts.push(block.prompts[row]);
      samples.lower.push(`${block.ids[row]}\n${block.prompts[row]}`.toLowerCase());
      samples.set.push(block.set);
      samples.group.push(groups[block.groups[row]]);
      samples.block.push(number);
      samples.row.push(row);
    }
    samples.blocks.push({ set: block.set, dimensions: block.dimensions, start: samples.count });
    samples.count += block.ids.length;
  });
}

/** Number of the detail file that holds a sample. */
function fileOf(sample) {
  let low = 0;
  let high = meta.details.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (meta.details[middle] <= sample) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Candidates, context and answers of one sample. */
async function detailOf(sample) {
  const file = fileOf(sample);
  const details = await load(`detail-${file}`);
  return details[sample - meta.details[file]];
}

let answersRead = null;

/** All answers and candidates as lower-case text, one a sample, so that they can be searched. */
function loadAnswers(progress) {
  answersRead ??= readAnswers(progress);
  return answersRead;
}

async function readAnswers(progress) {
  const texts = [];
  for (let file = 0; file < meta.details.length; file++) {
    for (const detail of await load(`detail-${file}`)) {
      const said = detail.runs.flatMap((run) => run.answers.map((a) => `${a.raw ?? ""}\n${a.error ?? ""}`));
      const parts = detail.candidates.flatMap((candidate) => candidate.parts ?? [candidate]);
      const written = parts.filter((part) => typeof part === "string");
      texts.push([...written, ...said].join("\n").toLowerCase());
    }
    forget(`detail-${file}`);
    progress(texts.length);
  }
  return texts;
}
