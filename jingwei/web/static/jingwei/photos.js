/* Jingwei 经纬 · photos of a report or an answer: choose, see, remove; shrunk here so that a cheap phone can send them.

   The plain file field stays the truth: what is shown is what it holds, so the form goes as it would without this file.
   Drawing a photo anew also leaves behind where and with what it was taken; the server does the same once more. */

(() => {
  "use strict";

  const shrink = async (file, longest) => {
    if (!/^image\/(jpeg|png|webp|heic|heif|bmp)$/.test(file.type)) return file;
    let picture;
    try {
      picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      return file;  // this browser cannot read it: the server will try
    }
    const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    const brush = canvas.getContext("2d");
    brush.fillStyle = "#fff";  // JPEG knows no transparency
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    if (!blob) return file;
    return new File([blob], file.name.replace(/\.[^.]*$/, "") + ".jpg", { type: "image/jpeg", lastModified: file.lastModified });
  };

  const bind = (box) => {
    if ("bound" in box.dataset) return;
    box.dataset.bound = "";
    const input = box.querySelector("[data-photos-input]"), strip = box.querySelector("[data-photos-strip]");
    const add = input.closest("label"), label = box.querySelector("[data-photos-label]"), said = box.querySelector("[data-photos-said]");
    const most = Number(box.dataset.most), longest = Number(box.dataset.longest);
    const first = label.textContent;
    let held = [];
    let turn = Promise.resolve();

    const hold = () => {
      const carrier = new DataTransfer();
      held.forEach((photo) => carrier.items.add(photo.file));
      input.files = carrier.files;
    };

    const draw = () => {
      strip.querySelectorAll("[data-photo]").forEach((old) => old.remove());
      held.forEach((photo, place) => {
        const shot = document.createElement("div");
        shot.className = "shot";
        shot.dataset.photo = "";
        const picture = document.createElement("img");
        picture.src = photo.address;
        picture.alt = "";
        const remove = document.createElement("button");
        remove.type = "button";
        remove.className = "shot-x";
        remove.setAttribute("aria-label", box.dataset.sayRemove.replace("{n}", place + 1));
        remove.innerHTML = '<svg class="i" aria-hidden="true"><path d="M18 6 6 18M6 6l12 12"/></svg>';
        remove.addEventListener("click", () => {
          URL.revokeObjectURL(photo.address);
          held = held.filter((other) => other !== photo);
          hold();
          draw();
          (strip.querySelectorAll(".shot-x")[place] || input).focus();
        });
        shot.append(picture, remove);
        add.before(shot);
      });
      add.hidden = held.length >= most;
      label.textContent = held.length ? label.dataset.more : first;
      said.textContent = box.dataset.sayCount.replace("{n}", held.length).replace("{most}", most);
      box.dispatchEvent(new CustomEvent("photos:change", { bubbles: true, detail: { count: held.length } }));
    };

    input.addEventListener("change", () => {
      const chosen = [...input.files];
      const room = most - held.length;
      const fresh = chosen.slice(0, room).map((file) => ({ file, address: URL.createObjectURL(file) }));
      held = held.concat(fresh);
      hold();  // at once and unshrunk: whoever presses “send” now still sends them
      draw();
      if (chosen.length > room) window.jingwei?.say(box.dataset.sayFull);
      // One after the other: two large photos at a time are too much for a small phone.
      fresh.forEach((photo) => {
        turn = turn.then(async () => {
          const smaller = await shrink(photo.file, longest);
          if (!held.includes(photo)) return;
          photo.file = smaller.size < photo.file.size || smaller.type !== photo.file.type ? smaller : photo.file;
          hold();
        });
      });
    });
  };

  const bindAll = () => document.querySelectorAll("[data-photos]").forEach(bind);
  document.addEventListener("htmx:after:swap", bindAll);
  bindAll();
})();
