// The page of one series: its picture, the run picked, its changes.

function single(all, address) {
  const chart = new Chart(byId("chart"), byId("map"), {
    pick: (point) => details(chart, point),
    hover: (index) => tip(chart, index),
    zoomed: (view) => {
      const [first, end] = view.visible();
      byId("shown").textContent = view.isWhole() ? `all ${count(end, "run")}` : `runs ${(first + 1).toLocaleString("en-GB")} to ${end.toLocaleString("en-GB")} of ${view.series.values.length.toLocaleString("en-GB")}`;
      byId("reset").disabled = byId("zoom-out").disabled = view.isWhole();
    },
  });
  const middle = () => (chart.from + chart.to) / 2;
  byId("zoom-in").addEventListener("click", () => chart.zoomAt(middle(), 0.5));
  byId("zoom-out").addEventListener("click", () => chart.zoomAt(middle(), 2));
  byId("reset").addEventListener("click", () => chart.all());
  for (const field of FIELDS) byId(`to-${field}`).addEventListener("change", () => { location.hash = address(other(all, chart.series, field)); });
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

function choose(all, series, field) {
  const select = byId(`to-${field}`);
  fill(select, valuesOf(all, field), sayOf(all, field));
  select.value = part(series, field);
}

// The series with this one's other two parts, or the most alike that has the part asked for.
function other(all, series, field) {
  const wanted = byId(`to-${field}`).value;
  const alike = (one) => FIELDS.filter((name) => part(one, name) === part(series, name)).length;
  return all.filter((one) => part(one, field) === wanted).reduce((best, one) => (alike(one) > alike(best) ? one : best));
}

function headline(series) {
  const { metric, last, values } = series;
  byId("single-title").textContent = `${series.subject} · ${metric.label}`;
  byId("single-about").textContent = [series.device, metric.meaning].filter(Boolean).join(" — ");
  byId("single-now").textContent = amount(values.at(-1), metric);
  byId("single-change").replaceChildren(...(last ? [mark(last), make("span", { textContent: `since ${day(series.point(last.index).at)}` })] : ["no change found"]));
  byId("better").textContent = direction(metric);
  byId("chart").ariaLabel = `Runs of ${series.subject}, ${metric.label}`;
}

function details(chart, point) {
  const { series } = chart;
  const { metric, values } = series;
  slider(chart, point);
  const change = series.changes.find(({ index }) => index === point.index);
  const level = levels(series).find(([from, to]) => from <= point.index && point.index < to);
  const before = point.index ? series.point(point.index - 1) : null;
  const rows = [
    ["Measured", minute(point.at)],
    ["Commit", make("code", { textContent: point.commit || "unknown" })],
    ["Report", make("code", { textContent: point.report || "unknown" })],
    ["Previous run", before ? `${amount(before.value, metric)}${before.value ? ` (now ${signed(point.value / before.value)})` : ""}` : "nothing"],
    ...(level ? [["Level here", amount(level[2], metric)]] : []),
    ["Run", `${(point.index + 1).toLocaleString("en-GB")} of ${values.length.toLocaleString("en-GB")}`],
  ];
  byId("details").replaceChildren(
    make("div", { className: "big", textContent: amount(point.value, metric) }),
    ...(change ? [mark(change), ` from here on (${change.tier})`] : []),
    make("dl", {}, ...rows.flatMap(([name, value]) => [make("dt", { textContent: name }), make("dd", {}, value)])),
    ...(point.url.startsWith("https://") ? [make("a", { className: "button", href: point.url, target: "_blank", rel: "noopener noreferrer", textContent: "Open the run ↗" })] : []),
    make("div", { className: "steps" }, step(chart, -1, "‹ Earlier"), step(chart, 1, "Later ›")),
  );
}

function slider(chart, point) {
  const { canvas, series } = chart;
  canvas.setAttribute("aria-valuemin", 1);
  canvas.setAttribute("aria-valuemax", series.values.length);
  canvas.setAttribute("aria-valuenow", point.index + 1);
  canvas.setAttribute("aria-valuetext", `${amount(point.value, series.metric)}, ${minute(point.at)}, ${short(point.commit)}`);
}

function step(chart, by, text) {
  const to = chart.picked + by;
  const button = make("button", { type: "button", textContent: text, disabled: to < 0 || to >= chart.series.values.length });
  button.addEventListener("click", () => {
    chart.select(to);
    byId("details").querySelectorAll(".steps button")[by < 0 ? 0 : 1].focus();
  });
  return button;
}

function changes(chart) {
  const { series } = chart;
  const rows = series.changes.map((change) => {
    const button = make(
      "button", { type: "button" },
      make("span", { textContent: day(series.point(change.index).at) }),
      make("span", {}, mark(change)),
      make("span", { className: "quiet", textContent: `${amount(change.before, series.metric)} → ${amount(change.after, series.metric)} · ${change.tier}` }),
      make("span", { className: "quiet" }, "after ", make("code", { textContent: blame(series, change) })),
    );
    button.addEventListener("click", () => near(chart, change));
    return make("li", {}, button);
  });
  byId("changes").replaceChildren(...(rows.length ? rows.reverse() : [make("li", { className: "quiet", textContent: "None was found in these runs." })]));
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
  const left = Math.min(Math.max(0, chart.x(index) + 12), chart.width - shown.offsetWidth - 4);
  shown.style.left = `${left > chart.x(index) ? left : Math.max(0, chart.x(index) - shown.offsetWidth - 12)}px`;
  const y = chart.y(point.value);
  shown.style.top = `${y + 12 + shown.offsetHeight < chart.height ? y + 12 : y - shown.offsetHeight - 12}px`;
}
