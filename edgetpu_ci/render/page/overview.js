// All series as small pictures, those that changed last on top.

const SHOWN = [
  ["", "All"],
  ["worse", "Became worse"],
  ["better", "Became better"],
  ["changed", "Changed facts"],
  ["suspected", "Suspected"],
  ["steady", "No change"],
];
const FIELDS = ["device", "subject", "metric"];
const PLURALS = { device: "All devices", subject: "All models", metric: "All metrics" };

const isShown = (series, wanted) => {
  if (wanted === "steady") return !series.last;
  if (wanted === "suspected") return series.last?.tier === "suspected";
  return !wanted || series.last?.kind === wanted;
};

function overview(all, address) {
  const cards = all.map((series) => ({ series, card: card(series, address) }));
  for (const { series, card: one } of cards) byId(group(series)).querySelector(".grid").append(one);
  FIELDS.forEach((field) => fill(byId(`by-${field}`), valuesOf(all, field), sayOf(all, field), PLURALS[field]));
  const state = { shown: "" };
  const show = () => filter(cards, state);
  chips(all, state, show);
  byId("filters").addEventListener("input", show);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  show();
  return redrawing(cards);
}

const group = (series) => (series.last ? "changed" : "steady");

// Draws each small picture when it comes into sight; what it returns draws them anew.
function redrawing(cards) {
  const known = new Map(cards.map(({ series, card: one }) => [one, series]));
  const draw = (entry) => {
    if (!entry.isIntersecting) return;
    watch.unobserve(entry.target);
    spark(entry.target.querySelector("canvas"), known.get(entry.target));
  };
  const watch = new IntersectionObserver((entries) => entries.forEach(draw), { rootMargin: "200px" });
  return () => {
    watch.disconnect();
    for (const one of known.keys()) watch.observe(one);
  };
}

const part = (series, field) => (field === "metric" ? series.name : series[field]);
const valuesOf = (all, field) => [...new Set(all.map((series) => part(series, field)))].sort();

function sayOf(all, field) {
  if (field !== "metric") return (value) => value;
  const known = new Map(all.map(({ name, metric }) => [name, [metric.label, metric.unit].filter(Boolean).join(", ")]));
  return (name) => known.get(name);
}

function fill(select, values, say, any) {
  const options = values.map((value) => make("option", { value, textContent: say(value) }));
  select.replaceChildren(...(any ? [make("option", { value: "", textContent: any })] : []), ...options);
}

function card(series, address) {
  const { metric, last, values } = series;
  const newest = series.point(values.length - 1);
  return make(
    "a", { className: "card", href: address(series) },
    make("b", { textContent: series.subject, title: series.subject }),
    make("span", { className: "value", textContent: amount(newest.value, metric) }),
    make("span", { className: "about", textContent: metric.label }),
    make("span", { className: "about", textContent: series.device, title: series.device }),
    make("canvas", { "aria-hidden": "true" }),
    make(
      "span", { className: "what" },
      last ? mark(last) : make("span", { textContent: direction(metric) }),
      last ? since(series, last) : make("span", { textContent: count(values.length, "run") }),
    ),
  );
}

function chips(all, state, show) {
  const buttons = SHOWN.flatMap(([wanted, name]) => {
    const number = all.filter((series) => isShown(series, wanted)).length;
    return number || !wanted ? [chip(wanted, `${name} ${grouped(number)}`)] : [];
  });
  for (const button of buttons) {
    button.addEventListener("click", () => {
      state.shown = button.value;
      for (const one of buttons) one.ariaPressed = String(one === button);
      show();
    });
  }
  byId("chips").replaceChildren(...buttons);
}

function chip(value, textContent) {
  return make("button", { type: "button", value, textContent, ariaPressed: String(!value) });
}

function filter(cards, state) {
  const wanted = FIELDS.map((field) => byId(`by-${field}`).value);
  const terms = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = { changed: 0, steady: 0 };
  for (const { series, card: one } of cards) {
    const fits = FIELDS.every((field, n) => !wanted[n] || part(series, field) === wanted[n]);
    one.hidden = !(fits && isShown(series, state.shown) && terms.every((term) => mentions(series, term)));
    if (!one.hidden) shown[group(series)] += 1;
  }
  title("changed", "Changed, the newest change first", shown.changed);
  title("steady", "No change found", shown.steady);
  none(shown.changed + shown.steady, cards.length);
}

function mentions(series, term) {
  series.words ??= [series.subject, series.name, series.metric.label, series.device].join(" ").toLowerCase();
  if (series.words.includes(term)) return true;
  return /^[0-9a-f]{7,}$/.test(term) && series.runs.some((_, index) => series.point(index).commit.startsWith(term));
}

function title(id, text, number) {
  byId(id).hidden = !number;
  byId(`${id}-title`).replaceChildren(`${text} `, make("small", { textContent: grouped(number) }));
}

function none(shown, known) {
  const clear = make("button", { type: "button", textContent: "Show all" });
  clear.addEventListener("click", () => {
    byId("filters").reset();
    byId("chips").firstChild.click();
  });
  const why = known ? ["No series fits what you look for.", clear] : ["There is no series yet: each run adds to some."];
  byId("none").hidden = shown > 0;
  byId("none").replaceChildren(...why);
}
