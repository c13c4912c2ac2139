/* Jingwei 经纬 · field: what a phone adds to pages that work without it. Bound by data- attributes.

   data-report    the report form: a tapped phrase becomes words that can be changed; the position is looked for by itself
   data-album     button of a picture slot: this once from the album instead of the camera
   data-away      in an entry with data-lon and data-lat: how far it is, once the phone may say where it is */

(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // ---------------------------------------------------------------- no connection: keep the page, and all that is on it

  document.addEventListener("submit", (event) => {
    if (navigator.onLine || event.target.method !== "post") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    window.jingwei?.say(document.querySelector("[data-toasts]")?.dataset.sayOffline);
  }, true);

  // ---------------------------------------------------------------- the album

  all("[data-album]").forEach((button) => {
    const input = button.closest("[data-photos]").querySelector("[data-photos-input]");
    if (!input.hasAttribute("capture")) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      input.removeAttribute("capture");
      input.click();
      setTimeout(() => input.setAttribute("capture", "environment"));
    });
  });

  // ---------------------------------------------------------------- the position, asked for once and only where it helps

  const allowed = async () => {
    if (!("geolocation" in navigator) || !window.isSecureContext || !navigator.permissions) return "";
    try {
      return (await navigator.permissions.query({ name: "geolocation" })).state;
    } catch {
      return "";
    }
  };

  // ---------------------------------------------------------------- report

  const report = document.querySelector("[data-report]");
  if (report) {
    const words = report.querySelector("[data-words]"), result = report.querySelector("[data-result]");
    const phrases = all("[data-phrase]", report);
    const own = (field, name) => field.value && !phrases.some((phrase) => phrase.dataset[name] === field.value.trim());
    report.addEventListener("change", (event) => {
      if (!event.target.matches("[data-phrase]")) return;
      // What somebody wrote stays; only what another phrase put there is replaced.
      if (!own(words, "phrase")) words.value = event.target.dataset.phrase;
      if (result && !own(result, "settled")) result.value = event.target.dataset.settled;
    });

    const here = report.querySelector("[data-here]"), point = report.querySelector("[data-lon]");
    const seek = () => { if (!point.value && !here.disabled) here.click(); };
    // After every deferred script: the button is place.js's.
    document.addEventListener("DOMContentLoaded", async () => {
      const state = await allowed();
      if (state === "granted") seek();
      // Otherwise the phone asks when the first photo is taken: then it is plain what for.
      else if (state === "prompt") report.addEventListener("photos:change", seek, { once: true });
    });
  }

  // ---------------------------------------------------------------- how far it is

  const entries = all("[data-lon][data-lat]").filter((entry) => entry.querySelector("[data-away]"));
  if (entries.length) {
    allowed().then((state) => {
      if (state !== "granted") return;
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        entries.forEach((entry) => {
          const place = entry.querySelector("[data-away]");
          const east = (Number(entry.dataset.lon) - coords.longitude) * 111320 * Math.cos((coords.latitude * Math.PI) / 180);
          const north = (Number(entry.dataset.lat) - coords.latitude) * 110574;
          const metres = Math.hypot(east, north);
          const said = metres < 1000 ? Math.round(metres / 10) * 10 : Math.round(metres / 100) * 100;
          place.textContent = ` · ${place.dataset.say.replace("{n}", said.toLocaleString("en"))}`;
        });
      }, () => {}, { maximumAge: 120000, timeout: 10000 });
    });
  }
})();
