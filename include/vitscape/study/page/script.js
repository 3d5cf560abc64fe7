"use strict";
(() => {
const data = JSON.parse(document.getElementById("report-data").textContent);
const all = selector => Array.from(document.querySelectorAll(selector));
const font = {family: getComputedStyle(document.body).fontFamily, size: 12, color: "#1b1f24"};
const config = {responsive: true, displayModeBar: false, scrollZoom: false};
const hasMouse = window.matchMedia("(hover: hover)").matches;  // a finger on a plot scrolls the page
const views = {
  corner: {eye: {x: 1.45, y: -1.45, z: 0.85}, up: {x: 0, y: 0, z: 1}, center: {x: 0, y: 0, z: -0.15}},
  front: {eye: {x: 0, y: -2.1, z: 0.35}, up: {x: 0, y: 0, z: 1}, center: {x: 0, y: 0, z: -0.15}},
  top: {eye: {x: 0, y: -0.01, z: 2.2}, up: {x: 0, y: 1, z: 0}, center: {x: 0, y: 0, z: 0}}};

// Heights, or their logarithm on a logarithmic scale; from `low` to `high`.
const heights = (surface, common) => {
  const finite = surface.height.flat().filter(value => value !== null);
  const log = surface.logarithmic && Math.min(...finite) > 0;
  const map = value => value === null ? null : log ? Math.log10(value) : value;
  let low = Math.min(...finite), high = Math.max(...finite);
  if (common) { low = surface.low; high = surface.high; }
  if (!(high > low)) { high = low + 1e-9; }
  return {z: surface.height.map(row => row.map(map)), low: map(low), high: map(high), map,
          levels: surface.levels.filter(level => level.value > low && level.value < high)};
};
const hover = `α %{x:.2f}, β %{y:.2f}<br>${data.words.height} %{text}<extra></extra>`;
const texts = surface => surface.height.map(row => row.map(value =>
  value === null ? data.words.not_finite : String(Number(value.toPrecision(4)))));

function surfaceFigure(surface, common) {
  const h = heights(surface, common);
  // Numbers closer than an eighth of the axis to the last one are left out.
  const shown = [];
  for (const level of h.levels) {
    const place = h.map(level.value), last = shown.length ? shown[shown.length - 1].place : -Infinity;
    if (place - last > (h.high - h.low) / 8) shown.push({place, text: level.text});
  }
  const ticks = shown.length > 1 ? {tickvals: shown.map(tick => tick.place), ticktext: shown.map(tick => tick.text)} : {};
  const axis = title => ({title: {text: title}, nticks: 5, gridcolor: "#d8dde3", zerolinecolor: "#c0c6cd"});
  const floor = h.low - 0.3 * (h.high - h.low);
  const trace = {type: "surface", x: surface.x, y: surface.y, z: h.z, text: texts(surface), hovertemplate: hover,
    colorscale: "Viridis", cmin: h.low, cmax: h.high, showscale: false, connectgaps: false,
    lighting: {ambient: 0.75, diffuse: 0.5, specular: 0.05, roughness: 0.9},
    contours: {z: {show: true, project: {z: true}, usecolormap: false, color: "#6e7781", start: h.low, end: h.high,
                   size: (h.high - h.low) / 12, width: 1}}};
  return [[trace], {font, margin: {l: 0, r: 0, t: 0, b: 0}, scene: {camera: views.corner,
    aspectmode: "manual", aspectratio: {x: 1, y: 1, z: 0.75}, xaxis: axis("α"), yaxis: axis("β"),
    zaxis: {...axis(""), ...ticks, range: [floor, h.high]}}}];
}

function contourFigure(surface, common) {
  const h = heights(surface, common);
  const place = value => (h.map(value) - h.low) / (h.high - h.low);
  const line = (level, color) => ({type: "contour", x: surface.x, y: surface.y, z: surface.height, hoverinfo: "skip",
    showscale: false, autocontour: false, line: {color, width: 1, smoothing: 1}, ncontours: 1,
    colorscale: [[0, color], [1, color]], contours: {start: level, end: level, size: 1, coloring: "none",
      showlabels: true, labelfont: {size: 10, color}, labelformat: ".4~g"}});
  const traces = [{type: "heatmap", x: surface.x, y: surface.y, z: h.z, text: texts(surface), hovertemplate: hover,
    colorscale: "Viridis", zmin: h.low, zmax: h.high, showscale: false, zsmooth: "best", connectgaps: false}];
  for (const level of h.levels) {
    traces.push(line(level.value, place(level.value) < 0.62 ? "#ffffff" : "#303030"));
  }
  if (surface.region) {
    const {x, y, open} = surface.region;
    const closed = {x: x.concat(x[0]), y: y.concat(y[0]), hoverinfo: "skip", showlegend: false};
    traces.push({type: "scatter", mode: "lines", ...closed, line: {color: "#000000", width: 4}});
    traces.push({type: "scatter", mode: "lines+markers", ...closed, line: {color: "#ffffff", width: 2},
      marker: {color: "#ffffff", line: {color: "#000000", width: 1}, size: open.concat(open[0]).map(o => o ? 9 : 4),
               symbol: open.concat(open[0]).map(o => o ? "triangle-up" : "circle")}});
  }
  traces.push({type: "scatter", mode: "markers", x: [0], y: [0], hoverinfo: "skip", showlegend: false,
    marker: {symbol: "cross-thin", size: 12, line: {color: "#ffffff", width: 2}}});
  const axis = (title, values) => ({title: {text: title, standoff: 4}, zeroline: false, showgrid: false, ticks: "outside",
    nticks: 6, range: [values[0], values[values.length - 1]], constrain: "domain", linecolor: "#57606a", mirror: true});
  return [traces, {font, plot_bgcolor: "#d8d8d8", margin: {l: 46, r: 10, t: 8, b: 42}, dragmode: hasMouse ? "zoom" : false,
    showlegend: false, xaxis: axis("α", surface.x), yaxis: {...axis("β", surface.y), scaleanchor: "x"}}];
}

function chartFigure(chart) {
  const traces = [], symbols = ["circle", "square", "diamond", "triangle-up", "x"];
  for (const curve of chart.curves) {
    // The band ends where there is no number; each piece of it is a closed shape.
    let piece = [];
    const close = () => {
      if (piece.length > 1) {
        const back = piece.slice().reverse();
        traces.push({type: "scatter", mode: "lines", fill: "toself", fillcolor: curve.color + "33", hoverinfo: "skip",
          line: {width: 0, color: curve.color}, showlegend: false, legendgroup: curve.title,
          x: piece.concat(back).map(k => curve.x[k]),
          y: piece.map(k => curve.low[k]).concat(back.map(k => curve.high[k]))});
      }
      piece = [];
    };
    curve.x.forEach((_, k) => { if (curve.low[k] === null || curve.high[k] === null) close(); else piece.push(k); });
    close();
  }
  for (const curve of chart.curves) {
    traces.push({type: "scatter", mode: curve.x.length > 60 ? "lines" : "lines+markers", name: curve.title, x: curve.x,
      y: curve.middle, legendgroup: curve.title, line: {color: curve.color, width: 2, dash: curve.dashed ? "dash" : "solid"},
      marker: {symbol: symbols[curve.symbol], size: 6}, customdata: curve.x.map((_, k) => [curve.low[k], curve.high[k]]),
      hovertemplate: `%{y:.4~g} (%{customdata[0]:.4~g} ${data.words.to} %{customdata[1]:.4~g})`});
  }
  const axis = {gridcolor: "#e6e9ec", zeroline: false, linecolor: "#57606a", ticks: "outside", automargin: true};
  return [traces, {font, margin: {l: 56, r: 12, t: 10, b: 46}, hovermode: "x unified", dragmode: hasMouse ? "zoom" : false,
    legend: {orientation: "h", y: 1.02, font: {size: 12}, yanchor: "bottom", x: 0},
    xaxis: {...axis, title: {text: chart.x_label}},
    yaxis: {...axis, title: {text: chart.y_label}, type: chart.logarithmic ? "log" : "linear",
            ...(chart.logarithmic ? {dtick: "D2"} : {})}}];
}

// What one of the plots is turned or zoomed to, all are. An answer to our own change is not passed on again.
function link(plots, keys) {
  let busy = false;
  const follow = source => change => {
    if (busy) return;
    const update = {};
    for (const key of keys) if (key in change) update[key] = change[key];
    if (!Object.keys(update).length) return;
    busy = true;
    Promise.all(plots.filter(plot => plot !== source).map(plot => Plotly.relayout(plot, update)))
      .finally(() => { busy = false; });
  };
  for (const plot of plots) {
    plot.on("plotly_relayout", follow(plot));
    if (keys[0] === "scene.camera") plot.on("plotly_relayouting", follow(plot));
  }
}

function drawImages() {
  const canvases = all("canvas[data-image]");
  for (const canvas of canvases) {
    const image = data.images[canvas.dataset.image], bytes = atob(image.pixels);
    canvas.width = canvas.height = image.side;
    const context = canvas.getContext("2d"), target = context.createImageData(image.side, image.side);
    for (let k = 0; k < image.side * image.side; ++k) {
      for (let c = 0; c < 3; ++c) target.data[4 * k + c] = bytes.charCodeAt(3 * k + c);
      target.data[4 * k + 3] = 255;
    }
    context.putImageData(target, 0, 0);
  }
  return canvases.length;
}

async function draw() {
  const body = document.body.dataset;
  body.images = drawImages();
  if (window.Plotly) {
    const surfaces = all("[data-surface]"), contours = all("[data-contour]"), charts = all("[data-chart]");
    const make = (plot, [traces, layout]) => Plotly.newPlot(plot, traces, layout, config);
    for (const plot of charts) await make(plot, chartFigure(data.charts[plot.dataset.chart]));
    const linked = !data.own_scales;
    for (const plot of contours) await make(plot, contourFigure(data.surfaces[plot.dataset.contour], linked));
    for (const plot of surfaces) await make(plot, surfaceFigure(data.surfaces[plot.dataset.surface], linked));
    for (const scale of all(".scale")) scale.classList.toggle("off", !linked);
    link(surfaces, ["scene.camera"]);
    link(contours, ["xaxis.range[0]", "xaxis.range[1]", "yaxis.range[0]", "yaxis.range[1]", "xaxis.autorange",
                    "yaxis.autorange"]);
    for (const button of all("button[data-view]")) {
      button.addEventListener("click", () => {
        for (const plot of surfaces) Plotly.relayout(plot, {"scene.camera": views[button.dataset.view]});
      });
    }
    for (const choice of all("input[name=scale]")) {
      choice.addEventListener("change", () => {
        const common = choice.value === "common";
        const again = (plot, [traces, layout], camera) => {
          if (camera) layout.scene.camera = camera;
          return Plotly.react(plot, traces, layout, config);
        };
        for (const plot of surfaces)
          again(plot, surfaceFigure(data.surfaces[plot.dataset.surface], common), plot.layout.scene.camera);
        for (const plot of contours) again(plot, contourFigure(data.surfaces[plot.dataset.contour], common));
        for (const scale of all(".scale")) scale.classList.toggle("off", !common);
      });
    }
    const alive = plot => {
      const canvas = plot.querySelector("canvas");
      const context = canvas && canvas.getContext("webgl");
      return context && !context.isContextLost();
    };
    body.surfaces = surfaces.filter(alive).length;
    body.contours = contours.filter(plot => plot.querySelector(".heatmaplayer image")).length;
    body.charts = charts.filter(plot => plot.querySelector(".scatterlayer path.js-line, .scatterlayer .points path")).length;
  }
  // tables that do not fit into their boxes
  body.cut = all(".scroll:not(.wide-figure)").filter(box => box.scrollWidth > box.clientWidth).length;
  body.overflow = Math.max(0, document.documentElement.scrollWidth - window.innerWidth);
  body.ready = "yes";
}
draw().catch(error => {
  document.body.dataset.failed = String(error);
  console.error(error);
});
})();
