// Which view is shown is written in the address, so that it can be linked to and left by going back.

const series = readSeries();

const address = (one) => `#${new URLSearchParams({ device: one.device, model: one.subject, metric: one.name })}`;

function named() {
  const asked = new URLSearchParams(location.hash.slice(1));
  return series.find((one) => one.device === asked.get("device") && one.subject === asked.get("model") && one.name === asked.get("metric"));
}

function summary() {
  const newest = series.reduce((latest, one) => Math.max(latest, one.point(one.values.length - 1).at), -Infinity);
  const devices = new Set(series.map((one) => one.device)).size;
  const points = series.reduce((sum, one) => sum + one.values.length, 0);
  const parts = [count(series.length, "series"), count(devices, "device"), count(points, "value"), series.length ? `newest ${minute(newest)}` : ""];
  byId("summary").textContent = parts.filter(Boolean).join(" · ");
}

function theme(redraw) {
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  let chosen = "";
  try { chosen = localStorage.getItem("edgetpu-ci-theme") || ""; } catch { /* some browsers keep nothing for files */ }
  const apply = () => {
    const now = chosen || (prefers.matches ? "dark" : "light");
    document.documentElement.dataset.theme = now;
    byId("theme").textContent = now === "dark" ? "☀ Light" : "☾ Dark";
    palette.clear();
    redraw();
  };
  byId("theme").addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("edgetpu-ci-theme", chosen); } catch { /* as above */ }
    apply();
  });
  prefers.addEventListener("change", apply);
  apply();
}

function start() {
  summary();
  const one = single(series, address);
  byId("overview").hidden = false;
  const redrawSparks = overview(series, address);
  let scrolled = 0;
  const route = (moved) => {
    if (location.hash === "#main") return;
    const asked = named();
    if (asked && byId("single").hidden) scrolled = window.scrollY;
    byId("overview").hidden = Boolean(asked);
    byId("single").hidden = !asked;
    document.title = asked ? `${asked.subject} · ${asked.metric.label} · edgetpu-ci` : "Benchmark history · edgetpu-ci";
    if (asked) one.show(asked);
    window.scrollTo(0, asked ? 0 : scrolled);
    if (asked && moved) byId("single-title").focus();
  };
  window.addEventListener("hashchange", () => route(true));
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !byId("single").hidden) location.hash = "";
  });
  theme(() => { redrawSparks(); if (one.chart.series) one.chart.draw(); });
  route(false);
}

start();
