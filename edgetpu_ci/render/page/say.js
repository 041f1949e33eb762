// Values, dates and names in words; foreign text becomes text, never structure.

const byId = (id) => document.getElementById(id);

function make(tag, parts = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(parts)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function digits(value, exact) {
  if (Math.abs(value) >= 1e15) return value.toExponential(3).replace(/\.?0+e/, "e");
  if (Number.isInteger(value) || (Math.abs(value) >= 1000 && !exact)) return grouped(Math.round(value));
  if (!exact) return value.toPrecision(4);
  return value.toLocaleString("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function amount(value, metric) {
  if (metric.states) return metric.states[Math.ceil(Math.min(Math.max(value, 0), metric.states.length - 1))];
  if (metric.unit === "ms" && value !== 0 && Math.abs(value) < 1e-3) return `${(value * 1e6).toPrecision(4)} ns`;
  return `${digits(value, metric.better === "exact")} ${metric.unit}`.trim();
}

const grouped = (number) => number.toLocaleString("en-GB");
const count = (number, noun) => `${grouped(number)} ${noun}${number === 1 || noun.endsWith("s") ? "" : "s"}`;
const short = (commit) => (/^[0-9a-f]{12,}$/.test(commit) ? commit.slice(0, 10) : commit) || "unknown commit";
const iso = (seconds) => new Date(seconds * 1000).toISOString();
const day = (seconds) => iso(seconds).slice(0, 10);
const minute = (seconds) => `${iso(seconds).slice(0, 16).replace("T", " ")} UTC`;
const DIRECTIONS = { lower: "lower is better ↓", higher: "higher is better ↑", exact: "a fact: any change counts" };
const direction = ({ better }) => DIRECTIONS[better] || "";
const signed = (ratio) => `${ratio >= 1 ? "+" : "−"}${Math.abs(100 * (ratio - 1)).toFixed(1)} %`;

function mark({ kind, tier, said }) {
  return make("span", { className: `mark ${kind} ${tier}`, textContent: tier === "suspected" ? `${said}?` : said });
}

function since(series, change) {
  return make("span", { textContent: `since ${day(series.point(change.index).at)}` });
}

// What may have done it: a commit after the last good one that was measured, up to the first bad one.
function blame(series, change) {
  const [good, bad] = [series.point(change.index - 1), series.point(change.index)];
  return `${short(good.commit)} … ${short(bad.commit)}`;
}
