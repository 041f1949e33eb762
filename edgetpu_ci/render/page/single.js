// The page of one series: its picture, the run picked, its changes.

function single(all, address) {
  const chart = new Chart(byId("chart"), byId("map"), {
    pick: (point) => details(chart, point),
    hover: (index) => tip(chart, index),
    zoomed: (view) => {
      byId("shown").textContent = range(view);
      byId("reset").disabled = byId("zoom-out").disabled = view.isWhole();
    },
  });
  const middle = () => (chart.from + chart.to) / 2;
  byId("zoom-in").addEventListener("click", () => chart.zoomAt(middle(), 0.5));
  byId("zoom-out").addEventListener("click", () => chart.zoomAt(middle(), 2));
  byId("reset").addEventListener("click", () => chart.all());
  for (const field of FIELDS) {
    byId(`to-${field}`).addEventListener("change", () => {
      location.hash = address(other(all, chart.series, field));
    });
  }
  return {
    chart,
    show(series) {
      headline(series);
      for (const field of FIELDS) choose(all, series, field);
      chart.show(series);
      changes(chart);
      chart.select(series.values.length - 1);
    },
  };
}

function range(view) {
  const [first, end] = view.visible();
  if (view.isWhole()) return `all ${count(end, "run")}`;
  return `runs ${grouped(first + 1)} to ${grouped(end)} of ${grouped(view.series.values.length)}`;
}

function choose(all, series, field) {
  const select = byId(`to-${field}`);
  fill(select, valuesOf(all, field), sayOf(all, field));
  select.value = part(series, field);
}

// The series with this one's other two parts, or the most alike that has the part asked for.
function other(all, series, field) {
  const wanted = byId(`to-${field}`).value;
  const alike = (one) => FIELDS.filter((name) => part(one, name) === part(series, name)).length;
  const fitting = all.filter((one) => part(one, field) === wanted);
  return fitting.reduce((best, one) => (alike(one) > alike(best) ? one : best));
}

function headline(series) {
  const { metric, last, values } = series;
  byId("single-title").textContent = `${series.subject} · ${metric.label}`;
  byId("single-about").textContent = [series.device, metric.meaning].filter(Boolean).join(" — ");
  byId("single-now").textContent = amount(values.at(-1), metric);
  byId("single-change").replaceChildren(...(last ? [mark(last), since(series, last)] : ["no change found"]));
  byId("better").textContent = direction(metric);
  byId("chart").ariaLabel = `Runs of ${series.subject}, ${metric.label}`;
}

function details(chart, point) {
  const { series } = chart;
  slider(chart, point);
  const change = series.changes.find(({ index }) => index === point.index);
  const pair = ([name, value]) => [make("dt", { textContent: name }), make("dd", {}, value)];
  byId("details").replaceChildren(
    make("div", { className: "big", textContent: amount(point.value, series.metric) }),
    ...(change ? [mark(change), ` from here on (${change.tier})`] : []),
    make("dl", {}, ...facts(series, point).flatMap(pair)),
    ...link(point.url),
    make("div", { className: "steps" }, step(chart, -1, "‹ Earlier"), step(chart, 1, "Later ›")),
  );
}

function facts(series, point) {
  const { metric, values } = series;
  const level = levels(series).find(([from, to]) => from <= point.index && point.index < to);
  return [
    ["Measured", minute(point.at)],
    ["Commit", make("code", { textContent: point.commit || "unknown" })],
    ["Report", make("code", { textContent: point.report || "unknown" })],
    ["Previous run", point.index ? before(series, point) : "none"],
    ...(level ? [["Level here", amount(level[2], metric)]] : []),
    ["Run", `${grouped(point.index + 1)} of ${grouped(values.length)}`],
  ];
}

function before({ metric, values }, { index, value }) {
  const previous = values[index - 1];
  const now = previous ? ` (now ${signed(value / previous)})` : "";
  return `${amount(previous, metric)}${now}`;
}

function link(href) {
  if (!href.startsWith("https://")) return [];
  const safe = { target: "_blank", rel: "noopener noreferrer" };
  return [make("a", { className: "button", href, ...safe, textContent: "Open the run ↗" })];
}

function slider(chart, point) {
  const { canvas, series } = chart;
  canvas.setAttribute("aria-valuemin", 1);
  canvas.setAttribute("aria-valuemax", series.values.length);
  canvas.setAttribute("aria-valuenow", point.index + 1);
  const said = [amount(point.value, series.metric), minute(point.at), short(point.commit)];
  canvas.setAttribute("aria-valuetext", said.join(", "));
}

function step(chart, by, text) {
  const to = chart.picked + by;
  const disabled = to < 0 || to >= chart.series.values.length;
  const button = make("button", { type: "button", textContent: text, disabled });
  button.addEventListener("click", () => {
    chart.select(to);
    byId("details").querySelectorAll(".steps button")[by < 0 ? 0 : 1].focus();
  });
  return button;
}

function changes(chart) {
  const rows = chart.series.changes.map((change) => {
    const button = make("button", { type: "button" }, ...told(chart.series, change));
    button.addEventListener("click", () => near(chart, change));
    return make("li", {}, button);
  });
  const none = make("li", { className: "quiet", textContent: "None was found in these runs." });
  byId("changes").replaceChildren(...(rows.length ? rows.reverse() : [none]));
}

function told(series, change) {
  const [was, now] = [change.before, change.after].map((level) => amount(level, series.metric));
  return [
    make("span", { textContent: day(series.point(change.index).at) }),
    make("span", {}, mark(change)),
    make("span", { className: "quiet", textContent: `${was} → ${now} · ${change.tier}` }),
    make("span", { className: "quiet" }, "after ", make("code", { textContent: blame(series, change) })),
  ];
}

const AROUND = 30;

function near(chart, change) {
  chart.zoom(change.index - AROUND, change.index + AROUND);
  chart.select(change.index);
}

function tip(chart, index) {
  const shown = byId("tip");
  shown.hidden = index === null;
  if (index === null) return;
  const point = chart.series.point(index);
  shown.textContent = `${amount(point.value, chart.series.metric)}\n${minute(point.at)}\n${short(point.commit)}`;
  shown.style.left = `${beside(chart.x(index), shown.offsetWidth, chart.width)}px`;
  shown.style.top = `${beside(chart.y(point.value), shown.offsetHeight, chart.height)}px`;
}

const APART = 12;

// After a place where there is room, else before it.
const beside = (place, size, end) =>
  place + APART + size < end ? place + APART : Math.max(0, place - APART - size);
