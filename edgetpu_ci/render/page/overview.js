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
  const drawn = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
    drawn.unobserve(target);
    spark(target.querySelector("canvas"), all[Number(target.dataset.series)]);
  }), { rootMargin: "200px" });
  const redraw = () => cards.forEach(({ card: one }) => { drawn.unobserve(one); drawn.observe(one); });
  for (const { series, card: one } of cards) byId(series.last ? "changed" : "steady").querySelector(".grid").append(one);
  FIELDS.forEach((field) => fill(byId(`by-${field}`), valuesOf(all, field), sayOf(all, field), PLURALS[field]));
  const state = { shown: "" };
  const show = () => filter(cards, state);
  chips(all, state, show);
  byId("filters").addEventListener("input", show);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  show();
  redraw();
  return redraw;
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
  const made = make(
    "a", { className: "card", href: address(series) },
    make("b", { textContent: series.subject, title: series.subject }),
    make("span", { className: "value", textContent: amount(newest.value, metric) }),
    make("span", { className: "about", textContent: metric.label }),
    make("span", { className: "about", textContent: series.device, title: series.device }),
    make("canvas", { "aria-hidden": "true" }),
    make("span", { className: "what" }, 
      last ? mark(last) : make("span", { textContent: direction(metric) }),
      make("span", { textContent: last ? `since ${day(series.point(last.index).at)}` : count(values.length, "run") }),
    ),
  );
  made.dataset.series = series.id;
  return made;
}

function chips(all, state, show) {
  const numbered = SHOWN.map(([wanted, name]) => [wanted, name, all.filter((series) => isShown(series, wanted)).length]);
  const buttons = numbered.filter(([wanted, , number]) => number || !wanted).map(([wanted, name, number]) => {
    const button = make("button", { type: "button", textContent: `${name} ${number.toLocaleString("en-GB")}`, ariaPressed: String(!wanted) });
    button.addEventListener("click", () => {
      state.shown = wanted;
      buttons.forEach((other) => { other.ariaPressed = String(other === button); });
      show();
    });
    return button;
  });
  byId("chips").replaceChildren(...buttons);
}

function filter(cards, state) {
  const wanted = FIELDS.map((field) => byId(`by-${field}`).value);
  const terms = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = { changed: 0, steady: 0 };
  for (const { series, card: one } of cards) {
    const fits = FIELDS.every((field, n) => !wanted[n] || part(series, field) === wanted[n]);
    one.hidden = !(fits && isShown(series, state.shown) && terms.every((term) => mentions(series, term)));
    if (!one.hidden) shown[series.last ? "changed" : "steady"] += 1;
  }
  title("changed", "Changed, the newest change first", shown.changed);
  title("steady", "No change found", shown.steady);
  none(shown.changed + shown.steady, cards.length);
}

function mentions(series, term) {
  series.words ??= `${series.subject} ${series.name} ${series.metric.label} ${series.device} ${series.changes.map((change) => blame(series, change)).join(" ")}`.toLowerCase();
  if (series.words.includes(term)) return true;
  return /^[0-9a-f]{7,}$/.test(term) && series.runs.some((_, index) => series.point(index).commit.startsWith(term));
}

function title(id, text, number) {
  byId(id).hidden = !number;
  byId(`${id}-title`).replaceChildren(`${text} `, make("small", { textContent: number.toLocaleString("en-GB") }));
}

function none(shown, known) {
  const clear = make("button", { type: "button", textContent: "Show all" });
  clear.addEventListener("click", () => {
    byId("filters").reset();
    byId("chips").firstChild.click();
  });
  byId("none").hidden = shown > 0;
  byId("none").replaceChildren(...(known ? ["No series fits what you look for.", clear] : ["There is no series yet: each run adds a point to one."]));
}
