// Which view is shown is written in the address, so that it can be linked to and left by going back.

const known = readSeries();

const address = (one) => `#${new URLSearchParams({ device: one.device, model: one.subject, metric: one.name })}`;

function named() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const wanted = [asked.get("device"), asked.get("model"), asked.get("metric")];
  return known.find((one) => FIELDS.every((field, n) => part(one, field) === wanted[n]));
}

function summary() {
  const newest = known.reduce((latest, one) => Math.max(latest, one.point(one.values.length - 1).at), -Infinity);
  const devices = new Set(known.map((one) => one.device)).size;
  const values = known.reduce((sum, one) => sum + one.values.length, 0);
  const parts = [count(known.length, "series"), count(devices, "device"), count(values, "value")];
  byId("summary").textContent = [...parts, ...(known.length ? [`newest ${minute(newest)}`] : [])].join(" · ");
}

function theme(redraw) {
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  let chosen = remembered();
  const apply = () => {
    const now = chosen || (prefers.matches ? "dark" : "light");
    document.documentElement.dataset.theme = now;
    byId("theme").textContent = now === "dark" ? "☀ Light" : "☾ Dark";
    palette.clear();
    redraw();
  };
  byId("theme").addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    remember(chosen);
    apply();
  });
  prefers.addEventListener("change", apply);
  apply();
}

const THEME = "edgetpu-ci-theme";

// Some browsers keep nothing for a file, and say so with an exception.
function remembered() {
  try {
    return localStorage.getItem(THEME);
  } catch {
    return null;
  }
}

function remember(chosen) {
  try {
    localStorage.setItem(THEME, chosen);
  } catch {
    // Then it is chosen again next time.
  }
}

function start() {
  summary();
  const one = single(known, address);
  const redraw = overview(known, address);
  const route = routing(one);
  window.addEventListener("hashchange", () => route(true));
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !byId("single").hidden) location.hash = "";
  });
  route(false);
  theme(() => {
    redraw();
    if (one.chart.series) one.chart.draw();
  });
}

// Shows what the address names, and the overview where it was left.
function routing(one) {
  let left = 0;
  return (moved) => {
    if (location.hash === "#main") return;
    const asked = named();
    if (asked && byId("single").hidden) left = window.scrollY;
    byId("overview").hidden = Boolean(asked);
    byId("single").hidden = !asked;
    document.title = `${asked ? `${asked.subject} · ${asked.metric.label}` : "Benchmark history"} · edgetpu-ci`;
    if (asked) one.show(asked);
    window.scrollTo(0, asked ? 0 : left);
    if (asked && moved) byId("single-title").focus();
  };
}

start();
