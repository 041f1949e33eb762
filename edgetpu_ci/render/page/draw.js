// What both kinds of picture share: colours, scales, and a canvas as sharp as the screen.

const palette = new Map();

function colour(name) {
  const style = getComputedStyle(document.documentElement);
  if (!palette.has(name)) palette.set(name, style.getPropertyValue(`--${name}`).trim());
  return palette.get(name);
}

function prepare(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  return { pen, width, height };
}

const LEAST_SPAN = 0.04;

// The range shown for values [from, to): lone outliers lie beyond it, levels and the newest value never do.
function limits(series, from, to) {
  const sorted = series.values.slice(from, to).sort();
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const reach = 1.5 * (at(0.95) - at(0.05)) || Infinity;
  const held = levels(series).filter(([a, b]) => a < to && b > from).map(([, , level]) => level);
  const low = Math.min(Math.max(at(0), at(0.05) - reach), series.values[to - 1], ...held);
  const high = Math.max(Math.min(at(1), at(0.95) + reach), series.values[to - 1], ...held);
  // Without this the noise of a steady series would fill the picture, and look like news.
  const least = LEAST_SPAN * Math.max(Math.abs(low), Math.abs(high)) || 1;
  const spare = Math.max(least - (high - low), 0) / 2 + 0.08 * (high - low);
  return [low - spare, high + spare];
}

// A line through [from, to); where points lie closer than pixels, each pixel's least and greatest.
function trace(pen, values, from, to, x, y) {
  const perPixel = Math.max(1, Math.floor((to - from) / Math.max(1, x(to) - x(from))));
  pen.beginPath();
  for (let start = from; start < to; start += perPixel) {
    let [low, high] = [Infinity, -Infinity];
    for (let index = start; index < Math.min(to, start + perPixel); index++) {
      low = Math.min(low, values[index]);
      high = Math.max(high, values[index]);
    }
    pen.lineTo(x(start), y(low));
    if (high !== low) pen.lineTo(x(start), y(high));
  }
  pen.stroke();
}

function drawLevels(pen, series, x, y) {
  pen.lineWidth = 2;
  pen.strokeStyle = colour("level");
  for (const [from, to, level, tier] of levels(series)) {
    pen.setLineDash(tier === "suspected" ? [5, 4] : []);
    pen.beginPath();
    pen.moveTo(x(from - 0.5), y(level));
    pen.lineTo(x(to - 0.5), y(level));
    pen.stroke();
  }
  pen.setLineDash([]);
}

function spark(canvas, series) {
  const { pen, width, height } = prepare(canvas);
  const total = series.values.length;
  const [low, high] = limits(series, 0, total);
  const x = (index) => 3 + ((index + 0.5) / total) * (width - 8);
  const y = (value) => Math.min(height - 2, Math.max(2, height - 3 - ((value - low) / (high - low)) * (height - 6)));
  for (const change of series.changes) {
    pen.fillStyle = colour(change.kind);
    pen.globalAlpha = change === series.last ? 0.9 : 0.35;
    pen.fillRect(x(change.index - 0.5) - 0.75, 0, 1.5, height);
  }
  pen.globalAlpha = 1;
  pen.lineWidth = 1.25;
  pen.lineJoin = "round";
  pen.strokeStyle = colour(total > 150 ? "trace" : "point");
  trace(pen, series.values, 0, total, x, y);
  drawLevels(pen, series, x, y);
  dot(pen, x(total - 1), y(series.values[total - 1]), 3.5, colour("point"));
}

function dot(pen, x, y, radius, fill) {
  pen.fillStyle = fill;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

// Round numbers, about as many as fit.
function ticks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const places = Math.max(0, Math.min(12, -Math.floor(Math.log10(step) + 1e-9)));
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, n) => {
    const value = (first + n) * step;
    const text = value.toLocaleString("en-GB", { minimumFractionDigits: places, maximumFractionDigits: places });
    return { value, text };
  });
}
