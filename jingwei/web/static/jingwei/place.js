/* Jingwei 经纬 · where it is: my position, the list, the map. Each works without the others, and words alone are enough.

   data-place            the field set: data-url names a point (GET lon, lat), data-say-… what to say when the phone does not know
   data-here             button: my position           data-map-open   button: the map, loaded on the tap and not before
   data-lon -lat -source hidden fields of the point (a phone measures in wgs84, our map draws cgcs2000)
   data-place-named      where the place is named back */

(() => {
  "use strict";

  const bind = (box) => {
    if ("bound" in box.dataset) return;
    box.dataset.bound = "";
    const find = (name) => box.querySelector(`[data-${name}]`);
    const named = find("place-named"), here = find("here"), opener = find("map-open"), frame = find("map");
    let asked = 0;
    let map = null;

    const tell = (words) => {
      const line = document.createElement("p");
      line.className = "dim";
      line.textContent = words;
      named.replaceChildren(line);
    };

    /** Keep the point and let the server name it; only the answer to the latest point counts. */
    const choose = async (lon, lat, source) => {
      const mine = ++asked;
      find("lon").value = lon.toFixed(6);
      find("lat").value = lat.toFixed(6);
      find("source").value = source;
      try {
        const address = new URL(box.dataset.url, location.href);
        address.searchParams.set("source", source);
        address.searchParams.set("lon", lon.toFixed(6));
        address.searchParams.set("lat", lat.toFixed(6));
        const answer = await fetch(address, {
          headers: { "HX-Request": "true", Accept: "text/html" },
          credentials: "same-origin",
        });
        if (!answer.ok) throw new Error(String(answer.status));
        const fragment = await answer.text();
        if (mine !== asked) return;
        named.innerHTML = fragment;
        window.htmx?.process(named);
      } catch {
        if (mine === asked) tell(box.dataset.sayUnnamed);
      }
      map?.show(lon, lat);
    };

    const seek = () => {
      here.disabled = true;
      tell(box.dataset.saySeeking);
      const done = () => { here.disabled = false; };
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => { done(); choose(coords.longitude, coords.latitude, "wgs84"); },
        (error) => { done(); tell(error.code === error.PERMISSION_DENIED ? box.dataset.sayDenied : box.dataset.sayNowhere); },
        { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
      );
    };

    const open = async () => {
      frame.hidden = false;
      opener.setAttribute("aria-expanded", "true");
      if (map) return;
      opener.disabled = true;
      try {
        const { openMap } = await import(frame.dataset.module);
        map = await openMap(frame, { onPick: (lon, lat) => choose(lon, lat, "cgcs2000") });
        if (find("lon").value) map.show(Number(find("lon").value), Number(find("lat").value));
        opener.hidden = true;
      } catch {
        frame.hidden = true;
        opener.disabled = false;
        opener.setAttribute("aria-expanded", "false");
        tell(frame.dataset.sayFailed);
      }
    };

    if (here && "geolocation" in navigator && window.isSecureContext) {
      here.hidden = false;
      here.addEventListener("click", seek);
    }
    if (opener && frame) {
      opener.hidden = false;
      opener.addEventListener("click", open);
    }
    // Another area from the list overrules a point chosen before; the list's own answer names the place.
    box.addEventListener("change", (event) => {
      if (!event.target.matches("[data-area]")) return;
      asked += 1;
      ["lon", "lat", "source"].forEach((name) => { find(name).value = ""; });
      map?.hide();
    });
  };

  const bindAll = () => document.querySelectorAll("[data-place]").forEach(bind);
  document.addEventListener("htmx:after:swap", bindAll);
  bindAll();
})();
