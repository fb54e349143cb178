// How each judge fared on each sample, in the dimension that is looked at: one set of bits.

const RIGHT = 1;
const WRONG = 2;
const MIXED = 4;
const UNPARSED = 8;
const FAILED = 16;
const FLIPPED = 32;
const SCORED = 64;

const OUTCOMES = {
  right: { bits: RIGHT, name: "right" },
  wrong: { bits: WRONG, name: "wrong" },
  mixed: { bits: MIXED, name: "right in one order only" },
  notright: { bits: WRONG | MIXED | UNPARSED | FAILED, name: "not right" },
  flipped: { bits: FLIPPED, name: "flipped with the order" },
  unparsed: { bits: UNPARSED, name: "unparsed" },
  failed: { bits: FAILED, name: "failed" },
};

const VERDICTS = { 1: "first", 2: "second", t: "tie", g: "both good", b: "both bad", u: "unparsed", x: "failed", "-": "not asked" };

const coarse = (letter) => (letter === "g" || letter === "b" ? "t" : letter);

/** Index of the dimension of a set that is looked at: the named one, or else its main one. */
function dimensionIn(set, name) {
  return Math.max(0, meta.sets[set].dimensions.indexOf(name));
}

/** Bits of every judge (an array of Uint8Array), how hard each sample is, and who disagrees. */
function outcomes(dimension) {
  const bits = meta.runs.map(() => new Uint8Array(samples.count));
  const hard = new Float32Array(samples.count).fill(-Infinity);
  const disagree = new Uint8Array(samples.count);
  for (const block of samples.blocks) {
    const columns = block.dimensions[dimensionIn(block.set, dimension)];
    const decided = ["pair", "choice"].includes(meta.sets[block.set].kind);
    const judge = decided ? judgeVerdicts : judgeScores;
    judge(block.start, columns, bits, hard, disagree, meta.sets[block.set].kind === "grade");
  }
  return { bits, hard, disagree };
}

function judgeVerdicts(start, columns, bits, hard, disagree) {
  const said = Object.entries(columns.said).map(([run, own]) => [bits[run], own.verdicts]);
  for (let row = 0; row < columns.label.length; row++) {
    const label = coarse(columns.label[row]);
    let wrong = 0;
    let asked = 0;
    let common = null;
    for (const [own, verdicts] of said) {
      const found = bitsOf(label, verdicts, row);
      own[start + row] = found;
      if (!found) continue;
      asked += 1;
      wrong += found & RIGHT ? 0 : found & MIXED ? 0.5 : 1;
      if (found & (UNPARSED | FAILED)) continue;
      const word = found & FLIPPED ? "t" : coarse(verdicts[0][row]);
      if (common !== null && word !== common) disagree[start + row] = 1;
      common = word;
    }
    if (asked) hard[start + row] = wrong / asked;
  }
}

function bitsOf(label, verdicts, row) {
  let right = 0;
  let asked = 0;
  let lost = 0;
  let flipped = 0;
  let first = null;
  for (const verdict of verdicts) {
    const letter = coarse(verdict[row]);
    if (letter === "-") return 0;
    if (letter === " ") continue;
    asked += 1;
    if (letter === "x") lost |= FAILED;
    else if (letter === "u") lost |= UNPARSED;
    else if (letter === label) right += 1;
    first ??= letter;
    if (letter !== first) flipped = FLIPPED;
  }
  if (lost) return lost | (right ? MIXED : 0);
  return (right === asked ? RIGHT : right ? MIXED : WRONG) | flipped;
}

function judgeScores(start, columns, bits, hard, disagree, graded) {
  for (const [run, own] of Object.entries(columns.said)) {
    for (let row = 0; row < columns.label.length; row++) {
      const ended = own.verdicts[0][row];
      const score = own.scores[row];
      bits[run][start + row] = ended === "x" ? FAILED : score === null ? (ended === "-" ? 0 : UNPARSED) : SCORED;
      if (score !== null) hard[start + row] = Math.max(hard[start + row], graded ? -score : Math.abs(score - columns.label[row]));
    }
  }
}

/** The mark of one judge in a row: its sign and class. */
function markOf(bits) {
  if (!bits) return ["", ""];
  if (bits & FAILED) return ["!", "failed"];
  if (bits & UNPARSED) return ["?", "unparsed"];
  if (bits & RIGHT) return ["✓", "right"];
  if (bits & MIXED) return ["½", "mixed"];
  return bits & WRONG ? ["✗", "wrong"] : ["·", "scored"];
}
