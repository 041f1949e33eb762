// The embedded columns become series again.

const sums = (steps) => {
  let sum = 0;
  return Float64Array.from(steps, (step) => (sum += step));
};

function readSeries() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = sums(data.runs.at);
  const [commit, report, url] = ["commit", "report", "url"].map((name) => texts(data.runs[name]));
  return data.series.map((one) => {
    const runs = unfold(one.runs, one.values.length);
    const point = (index) => {
      const run = runs[index];
      return { index, value: one.values[index], at: at[run], commit: commit(run), report: report(run), url: url(run) };
    };
    return {
      ...one, point, runs, name: one.metric,
      metric: { name: one.metric, ...data.metrics[one.metric] },
      values: Float64Array.from(one.values),
      last: one.changes.at(-1),
    };
  });
}

function texts(column) {
  const places = sums(column.places);
  return (run) => column.texts[places[run]];
}

function unfold(ranges, length) {
  const runs = new Uint32Array(length);
  let filled = 0;
  for (let pair = 0; pair < ranges.length; pair += 2) {
    for (let step = 0; step < ranges[pair + 1]; step++) runs[filled++] = ranges[pair] + step;
  }
  return runs;
}

// The level at each stretch between changes, as [from, to, level, tier].
function levels(series) {
  const { changes, values } = series;
  return changes.flatMap((change, n) => {
    const to = n + 1 < changes.length ? changes[n + 1].index : values.length;
    const first = n === 0 ? [[0, change.index, change.before, "confirmed"]] : [];
    return [...first, [change.index, to, change.after, change.tier]];
  });
}
