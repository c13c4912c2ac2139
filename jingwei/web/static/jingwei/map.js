/* Jingwei 经纬 · the map: our own boundaries and points, nothing from outside. An ES module; the library loads with the first map.

   MapLibre GL 6 draws in a worker that is a file of its own, so its address is set before the first map. The style names no glyph
   server: letters are then drawn from the device's own fonts. Colours are the page's custom properties, and follow the theme.

   openMap(frame, { onPick, geojson }) → { map, show(lon, lat), hide(), repaint() }
     frame.dataset.geojson   address of the areas: polygons with `name`, perhaps `step` (1–5, the colour) and `here` (the one meant)
     frame.dataset.points    address of points: `name`, `kind`; a click follows `url`
     frame.dataset.css       the library's stylesheet
     frame.dataset.label, sayCloser, sayWider, sayFailed   words of the map, its two buttons, and of its absence
   A frame with data-map-auto opens by itself (desk); on the portal place.js opens it on a tap. */

const here = (path) => new URL(path, import.meta.url).href;
let library = null;

const load = async (css) => {
  if (css && !document.querySelector(`link[href="${css}"]`)) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = css;
    document.head.append(link);
  }
  library ||= import("../lib/maplibre-gl.mjs").then((gl) => {
    gl.setWorkerUrl(here("../lib/maplibre-gl-worker.mjs"));
    return gl;
  });
  return library;
};

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const letters = () => getComputedStyle(document.body).fontFamily.split(",").map((name) => name.trim().replace(/^["']|["']$/g, ""));

const get = async (address) => {
  const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "application/geo+json, application/json" } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
};

/** The corner points of everything in a collection. */
const boundsOf = (collection) => {
  let [west, south, east, north] = [180, 90, -180, -90];
  const walk = (part) => {
    if (typeof part[0] !== "number") return part.forEach(walk);
    west = Math.min(west, part[0]); east = Math.max(east, part[0]);
    south = Math.min(south, part[1]); north = Math.max(north, part[1]);
  };
  collection.features.forEach((feature) => feature.geometry && walk(feature.geometry.coordinates));
  return west > east ? null : [[west, south], [east, north]];
};

const stepColour = () => [
  "case",
  ["has", "step"],
  ["match", ["get", "step"], 1, colour("q1"), 2, colour("q2"), 3, colour("q3"), 4, colour("q4"), colour("q5")],
  ["boolean", ["get", "here"], false],
  colour("accent"),
  colour("m-block"),
];

const styleOf = (areas, points) => ({
  version: 8,
  sources: {
    areas: { type: "geojson", data: areas },
    points: { type: "geojson", data: points },
    picked: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
  },
  layers: [
    { id: "land", type: "background", paint: { "background-color": colour("m-land") } },
    {
      id: "areas", type: "fill", source: "areas",
      paint: { "fill-color": stepColour(), "fill-opacity": ["case", ["has", "step"], 1, ["boolean", ["get", "here"], false], 0.14, 0.5] },
    },
    {
      id: "edges", type: "line", source: "areas",
      paint: { "line-color": colour("accent"), "line-width": ["case", ["boolean", ["get", "here"], false], 3, 1.2], "line-opacity": 0.75 },
    },
    {
      id: "names", type: "symbol", source: "areas",
      layout: { "text-field": ["coalesce", ["get", "name"], ""], "text-font": letters(), "text-size": 14, "text-max-width": 8 },
      paint: { "text-color": colour("m-name"), "text-halo-color": colour("m-land"), "text-halo-width": 2 },
    },
    {
      id: "points", type: "circle", source: "points",
      paint: {
        "circle-radius": 8, "circle-stroke-width": 2.5, "circle-stroke-color": colour("sheet"),
        "circle-color": ["match", ["coalesce", ["get", "kind"], ""], "late", colour("late"), "soon", colour("soon"), "done", colour("done"), colour("accent")],
      },
    },
    {
      id: "picked", type: "circle", source: "picked",
      paint: { "circle-radius": 10, "circle-color": colour("late"), "circle-stroke-width": 3, "circle-stroke-color": colour("sheet") },
    },
  ],
});

/** Draw a map into a frame. Rejects when the device cannot (no WebGL) or the boundaries do not come. */
export async function openMap(frame, { onPick, geojson } = {}) {
  const none = { type: "FeatureCollection", features: [] };
  const [gl, areas, points] = await Promise.all([
    load(frame.dataset.css),
    geojson || (frame.dataset.geojson ? get(frame.dataset.geojson) : none),
    frame.dataset.points ? get(frame.dataset.points) : none,
  ]);
  const ground = document.createElement("div");
  ground.style.height = "100%";
  frame.prepend(ground);

  let map;
  try {
    map = new gl.Map({
      container: ground,
      style: styleOf(areas, points),
      bounds: boundsOf(areas) || boundsOf(points) || [[73, 18], [135, 54]],
      fitBoundsOptions: { padding: 16, maxZoom: 16 },
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      locale: {
        "Map.Title": frame.dataset.label || "Map",
        "NavigationControl.ZoomIn": frame.dataset.sayCloser || "Zoom in",
        "NavigationControl.ZoomOut": frame.dataset.sayWider || "Zoom out",
      },
      fadeDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 200,
    });
  } catch (error) {
    ground.remove();
    throw error;
  }
  map.touchZoomRotate.disableRotation();
  map.addControl(new gl.NavigationControl({ showCompass: false }), "top-right");
  const canvas = map.getCanvas();
  await new Promise((done, fail) => { map.once("load", done); map.once("error", ({ error }) => fail(error)); });

  const mark = (features) => map.getSource("picked").setData({ type: "FeatureCollection", features });
  const show = (lon, lat) => {
    mark([{ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [lon, lat] } }]);
    if (!map.getBounds().contains([lon, lat])) map.easeTo({ center: [lon, lat] });
  };
  const hide = () => mark([]);

  if (onPick) {
    canvas.style.cursor = "crosshair";
    map.on("click", ({ lngLat }) => { show(lngLat.lng, lngLat.lat); onPick(lngLat.lng, lngLat.lat); });
  }
  map.on("click", "points", ({ features }) => { if (features[0].properties.url) location.assign(features[0].properties.url); });
  map.on("click", "areas", ({ features }) => {
    if (!onPick && features[0].properties.url) location.assign(features[0].properties.url);
  });

  /** Take the colours of the page anew; what was picked stays. */
  const repaint = () => styleOf(areas, points).layers.forEach(({ id, paint }) =>
    Object.entries(paint).forEach(([name, value]) => map.setPaintProperty(id, name, value)));
  new MutationObserver(repaint).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

  return { map, show, hide, repaint };
}

document.querySelectorAll("[data-map-auto]").forEach((frame) => {
  openMap(frame).catch(() => {
    const words = document.createElement("p");
    words.className = "mute s";
    words.textContent = frame.dataset.sayFailed || "";
    frame.replaceChildren(words);
  });
});
