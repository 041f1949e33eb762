// One series, large: zoom, pick a run, and see where its level changed.

const RIGHT = 14, TOP = 46, BOTTOM = 26;
const LEAST_LEFT = 44;
const LEAST_RUNS = 4;
const FONT = '12px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';

class Chart {
  constructor(canvas, map, { pick, hover, zoomed }) {
    Object.assign(this, { canvas, map, pick, hover, zoomed, left: LEAST_LEFT, fingers: new Map() });
    listen(this);
  }

  show(series) {
    Object.assign(this, { series, picked: series.values.length - 1, drag: null });
    this.zoom(-0.5, series.values.length - 0.5);
  }

  // The view, in runs: from and to may lie between two.
  zoom(from, to) {
    const total = this.series.values.length;
    const span = Math.min(total, Math.max(to - from, Math.min(LEAST_RUNS, total)));
    this.from = Math.min(Math.max(from + (to - from - span) / 2, -0.5), total - 0.5 - span);
    this.to = this.from + span;
    this.zoomed(this);
    this.draw();
  }

  zoomAt(index, factor) {
    this.zoom(index - (index - this.from) * factor, index + (this.to - index) * factor);
  }

  all() { this.zoom(-0.5, this.series.values.length - 0.5); }

  isWhole() { return this.to - this.from >= this.series.values.length; }

  // Runs in view, as [first, after the last).
  visible() {
    return [Math.max(0, Math.ceil(this.from)), Math.min(this.series.values.length, Math.floor(this.to) + 1)];
  }

  select(index) {
    this.picked = Math.min(Math.max(index, 0), this.series.values.length - 1);
    const span = this.to - this.from;
    if (this.picked < this.from || this.picked > this.to) this.zoom(this.picked - span / 2, this.picked + span / 2);
    else this.draw();
    this.pick(this.series.point(this.picked));
  }

  indexAt(x) { return this.from + ((x - this.left) / (this.width - this.left - RIGHT)) * (this.to - this.from); }

  nearest(x) {
    const [first, end] = this.visible();
    return Math.min(Math.max(Math.round(this.indexAt(x)), first), end - 1);
  }

  x = (index) => this.left + ((index - this.from) / (this.to - this.from)) * (this.width - this.left - RIGHT);

  y = (value) => {
    const share = (value - this.low) / (this.high - this.low);
    return this.height - BOTTOM - Math.min(1, Math.max(0, share)) * (this.height - TOP - BOTTOM);
  };

  draw() {
    if (!this.canvas.clientWidth) return;
    Object.assign(this, prepare(this.canvas));
    [this.low, this.high] = limits(this.series, ...this.visible());
    this.pen.font = FONT;
    this.ticks = ticks(this.low, this.high, Math.max(2, (this.height - TOP - BOTTOM) / 48));
    this.left = Math.max(LEAST_LEFT, ...this.ticks.map(({ text }) => 14 + this.pen.measureText(text).width));
    drawAxes(this);
    clipped(this, () => drawPoints(this));
    drawChanges(this);
    drawPicked(this);
    drawDrag(this);
    drawMap(this);
  }
}

function clipped(chart, draw) {
  const { pen, width, height } = chart;
  pen.save();
  pen.beginPath();
  pen.rect(chart.left, 0, width - chart.left - RIGHT, height);
  pen.clip();
  draw();
  pen.restore();
}

function drawAxes(chart) {
  const { pen, width, height } = chart;
  pen.strokeStyle = colour("grid");
  pen.fillStyle = colour("quiet");
  pen.lineWidth = 1;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const { value, text } of chart.ticks) {
    pen.fillRect(chart.left - 4, chart.y(value), 4, 1);
    pen.beginPath();
    pen.moveTo(chart.left, chart.y(value));
    pen.lineTo(width - RIGHT, chart.y(value));
    pen.stroke();
    pen.fillText(text, chart.left - 8, chart.y(value));
  }
  pen.textAlign = "left";
  pen.fillText(chart.series.metric.unit, 2, TOP - 14);
  drawDates(chart);
}

function drawDates(chart) {
  const { pen, series, height, width } = chart;
  const [first, end] = chart.visible();
  const hours = series.point(end - 1).at - series.point(first).at < 3 * 86400;
  const step = Math.max(1, Math.ceil(((hours ? 130 : 92) * (end - first)) / (width - chart.left - RIGHT)));
  pen.textAlign = "center";
  let before = "";
  for (let index = first + Math.floor(step / 2); index < end; index += step) {
    const text = hours ? iso(series.point(index).at).slice(5, 16).replace("T", " ") : day(series.point(index).at);
    const room = pen.measureText(text).width / 2;
    const x = Math.max(chart.x(index), chart.left - 20 + room);
    if (text !== before && x + room < width) pen.fillText(text, x, height - 10);
    before = text;
  }
}

function drawPoints(chart) {
  const { pen, series } = chart;
  const [first, end] = chart.visible();
  const gap = chart.x(1) - chart.x(0);
  pen.lineWidth = 1.25;
  pen.strokeStyle = colour("trace");
  trace(pen, series.values, Math.max(0, first - 1), Math.min(series.values.length, end + 1), chart.x, chart.y);
  const radius = Math.min(4, Math.max(1.2, gap / 3));
  for (let index = first; index < end; index++) drawPoint(chart, index, radius);
  drawLevels(pen, series, chart.x, chart.y);
}

function drawPoint(chart, index, radius) {
  const value = chart.series.values[index];
  const [x, y] = [chart.x(index), chart.y(value)];
  if (value >= chart.low && value <= chart.high) return dot(chart.pen, x, y, radius, colour("point"));
  const point = value > chart.high ? -6 : 6;
  chart.pen.fillStyle = colour("point");
  chart.pen.beginPath();
  chart.pen.moveTo(x - 4, y);
  chart.pen.lineTo(x + 4, y);
  chart.pen.lineTo(x, y + point);
  chart.pen.fill();
}

// A line before the first run of the new level, and what changed in words where there is room.
function drawChanges(chart) {
  const { pen, series, height, width } = chart;
  const taken = [chart.left - 1, chart.left - 1];
  pen.textBaseline = "middle";
  for (const change of series.changes) {
    const x = chart.x(change.index - 0.5);
    if (x < chart.left - 1 || x > width - RIGHT + 1) continue;
    pen.strokeStyle = pen.fillStyle = colour(change.kind);
    pen.lineWidth = 1.5;
    pen.setLineDash(change.tier === "suspected" ? [5, 4] : []);
    pen.beginPath();
    pen.moveTo(x, TOP - 8);
    pen.lineTo(x, height - BOTTOM);
    pen.stroke();
    pen.setLineDash([]);
    flag(chart, change, x, taken);
  }
}

function flag(chart, change, x, taken) {
  const { pen, width } = chart;
  pen.font = `600 ${FONT}`;
  const text = change.tier === "suspected" ? `${change.said}? (suspected)` : change.said;
  const room = pen.measureText(text).width + 12;
  const left = x + room < width ? x - 0.75 : x + 0.75 - room;
  const lane = taken.findIndex((right) => left > right);
  if (lane >= 0) {
    taken[lane] = left + room + 4;
    const top = TOP - 26 - 19 * lane;
    pen.fillStyle = colour(`${change.kind}-ground`);
    pen.fillRect(left, top, room, 18);
    pen.fillStyle = colour(change.kind);
    pen.fillRect(x - 0.75, top, 1.5, TOP - 8 - top);
    pen.textAlign = "left";
    pen.fillText(text, left + 6, top + 9.5);
  }
  pen.font = FONT;
}

function drawPicked(chart) {
  const { pen, picked, series, height } = chart;
  if (picked < chart.from || picked > chart.to) return;
  const [x, y] = [chart.x(picked), chart.y(series.values[picked])];
  pen.strokeStyle = colour("picked");
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x, TOP);
  pen.lineTo(x, height - BOTTOM);
  pen.stroke();
  dot(pen, x, y, 7, colour("picked"));
  dot(pen, x, y, 4, colour("point"));
}

function drawDrag(chart) {
  if (!chart.drag || chart.drag.pan) return;
  const { pen, height, drag } = chart;
  pen.globalAlpha = 0.16;
  pen.fillStyle = colour("focus");
  pen.fillRect(Math.min(drag.start, drag.now), TOP, Math.abs(drag.now - drag.start), height - TOP - BOTTOM);
  pen.globalAlpha = 1;
}

// The whole series in small, with a window on what is shown.
function drawMap(chart) {
  const { series } = chart;
  const { pen, width, height } = prepare(chart.map);
  const total = series.values.length;
  const [low, high] = limits(series, 0, total);
  const x = (index) => chart.left + ((index + 0.5) / total) * (width - chart.left - RIGHT);
  const y = (value) => height - 4 - Math.min(1, Math.max(0, (value - low) / (high - low))) * (height - 8);
  pen.fillStyle = colour("grid");
  pen.fillRect(x(chart.from), 0, x(chart.to) - x(chart.from), height);
  pen.strokeStyle = colour("trace");
  trace(pen, series.values, 0, total, x, y);
  for (const change of series.changes) {
    pen.fillStyle = colour(change.kind);
    pen.fillRect(x(change.index - 0.5) - 0.75, 0, 1.5, height);
  }
  pen.strokeStyle = colour("quiet");
  pen.strokeRect(x(chart.from) + 0.5, 0.5, Math.max(2, x(chart.to) - x(chart.from) - 1), height - 1);
}

const CLOSE = 6;

function listen(chart) {
  const { canvas, map } = chart;
  canvas.addEventListener("pointerdown", (event) => press(chart, event));
  canvas.addEventListener("pointermove", (event) => move(chart, event));
  canvas.addEventListener("pointerup", (event) => release(chart, event));
  canvas.addEventListener("pointercancel", () => leave(chart));
  canvas.addEventListener("pointerleave", () => chart.hover(null));
  canvas.addEventListener("dblclick", () => chart.all());
  canvas.addEventListener("wheel", (event) => roll(chart, event), { passive: false });
  canvas.addEventListener("keydown", (event) => key(chart, event));
  map.addEventListener("pointerdown", (event) => centre(chart, event));
  map.addEventListener("pointermove", (event) => event.buttons && centre(chart, event));
  map.addEventListener("wheel", (event) => roll(chart, event), { passive: false });
  new ResizeObserver(() => chart.series && chart.draw()).observe(canvas);
}

function press(chart, event) {
  if (event.button) return;
  chart.canvas.setPointerCapture(event.pointerId);
  chart.fingers.set(event.pointerId, event.offsetX);
  const pan = event.pointerType === "touch" || event.shiftKey;
  chart.drag = { start: event.offsetX, now: event.offsetX, pan, from: chart.from, to: chart.to };
  if (chart.fingers.size === 2) chart.drag.apart = apart(chart);
}

const apart = ({ fingers }) => {
  const [one, other] = fingers.values();
  return Math.max(20, Math.abs(one - other));
};

function move(chart, event) {
  if (chart.fingers.has(event.pointerId)) chart.fingers.set(event.pointerId, event.offsetX);
  const { drag } = chart;
  if (!drag) return chart.hover(chart.nearest(event.offsetX));
  chart.hover(null);
  if (chart.fingers.size === 2) return pinch(chart);
  drag.now = event.offsetX;
  if (!drag.pan) return chart.draw();
  const runs = ((drag.start - drag.now) / (chart.width - chart.left - RIGHT)) * (drag.to - drag.from);
  chart.zoom(drag.from + runs, drag.to + runs);
}

function pinch(chart) {
  const { drag } = chart;
  const factor = drag.apart / apart(chart);
  const middle = (drag.from + drag.to) / 2;
  chart.zoom(middle + (drag.from - middle) * factor, middle + (drag.to - middle) * factor);
  drag.now = Infinity;
}

function release(chart, event) {
  const { drag } = chart;
  const ends = [drag?.start, event.offsetX].map((x) => chart.indexAt(x)).sort((a, b) => a - b);
  leave(chart);
  if (!drag) return;
  if (Math.abs(event.offsetX - drag.start) < CLOSE && drag.now !== Infinity) chart.select(chart.nearest(event.offsetX));
  else if (!drag.pan) chart.zoom(...ends);
}

function leave(chart) {
  chart.fingers.clear();
  chart.drag = null;
  chart.draw();
}

// At either end of the scale the wheel scrolls the page, as it does elsewhere.
function roll(chart, event) {
  const out = event.deltaY > 0;
  if (out && chart.isWhole()) return;
  event.preventDefault();
  chart.zoomAt(chart.indexAt(event.offsetX), Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY / 300))));
}

function centre(chart, event) {
  const box = chart.map.getBoundingClientRect();
  const total = chart.series.values.length;
  const middle = ((event.clientX - box.left - chart.left) / (box.width - chart.left - RIGHT)) * total - 0.5;
  const half = (chart.to - chart.from) / 2;
  chart.zoom(middle - half, middle + half);
}

function key(chart, event) {
  const far = Math.max(1, Math.round((chart.to - chart.from) / 10));
  const act = {
    ArrowLeft: () => chart.select(chart.picked - 1),
    ArrowRight: () => chart.select(chart.picked + 1),
    PageUp: () => chart.select(chart.picked - far),
    PageDown: () => chart.select(chart.picked + far),
    Home: () => chart.select(0),
    End: () => chart.select(chart.series.values.length - 1),
    "+": () => chart.zoomAt(chart.picked, 0.6),
    "=": () => chart.zoomAt(chart.picked, 0.6),
    "-": () => chart.zoomAt(chart.picked, 1 / 0.6),
    0: () => chart.all(),
  }[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
}
