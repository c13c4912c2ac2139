/* Jingwei 经纬 · the keyboard of the desk. j k Enter a x f / n Esc ? — shown on the buttons themselves.

   Single keys never work while somebody types, with an input method open, or inside a dialog, and one tick switches them off for good
   (WCAG 2.1.4; cookie `hotkeys`). Keys with Ctrl or Alt always work.

   data-rows           the list; data-row one of its rows, with data-open (the link), data-tick (the box), data-act (the first move)
   data-key="n"        pressing n presses this; also "Alt+1", "Control+Enter". The first one in sight counts
   data-keys-help      the dialog that lists them, data-keys-switch the tick in it, data-keys-open a button that shows it */

(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const isSeen = (element) => element.getClientRects().length > 0;
  const isOff = () => root.dataset.keys === "off";

  const isTyping = (event) =>
    event.isComposing ||
    event.target.closest?.("dialog[open]") != null ||
    event.target.matches?.("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])");

  // ---------------------------------------------------------------- the row in hand

  const rows = () => all("[data-rows] [data-row]").filter(isSeen);
  const current = () => rows().find((row) => row.classList.contains("cur"));

  const take = (row, focus = true) => {
    if (!row) return;
    all("[data-row].cur").forEach((other) => { other.classList.remove("cur"); other.removeAttribute("aria-current"); });
    row.classList.add("cur");
    row.setAttribute("aria-current", "true");
    if (focus) row.querySelector("[data-open]")?.focus();  // focus travels along, so Enter and screen readers follow by themselves
    row.scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const list = rows(), here = list.indexOf(current());
    take(list[here < 0 ? 0 : Math.min(list.length - 1, Math.max(0, here + by))]);
  };

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-rows] [data-row]");
    if (row && row !== current()) take(row, false);
  });

  // ---------------------------------------------------------------- the keys

  const press = (element) => {
    if (!element) return false;
    if (element.matches("input:not([type=checkbox]), textarea, select")) element.focus();
    else element.click();
    return true;
  };
  const allowed = (element) => isSeen(element) && !element.disabled && element.getAttribute("aria-disabled") !== "true";
  const keyed = (name) => all("[data-key]").find((element) => element.dataset.key === name && allowed(element));
  const inRow = (selector) => all(selector, current() || document).find(allowed);

  const single = {
    j: () => (step(1), rows().length > 0),
    k: () => (step(-1), rows().length > 0),
    Enter: (event) => !event.target.closest("a, button, summary, input") && press(current()?.querySelector("[data-open]")),
    a: () => press(inRow("[data-act]") || keyed("a")),
    x: () => press(current()?.querySelector("[data-tick]")),
    "?": () => show(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.metaKey) return;
    if (event.ctrlKey || event.altKey) {
      const name = (event.ctrlKey ? "Control+" : "Alt+") + event.key;
      if (!event.isComposing && press(keyed(name))) event.preventDefault();
      return;
    }
    if (isTyping(event)) {
      if (event.key === "Escape" && !event.isComposing && !event.target.closest("dialog")) event.target.blur();
      return;
    }
    if (event.key === "Escape") {
      if (press(keyed("Escape"))) event.preventDefault();
      return;
    }
    if (isOff()) return;
    const act = single[event.key];
    if (act ? act(event) : press(keyed(event.key))) event.preventDefault();
  });

  // ---------------------------------------------------------------- the list of keys, and the switch

  const help = document.querySelector("[data-keys-help]"), tick = document.querySelector("[data-keys-switch]");
  const show = () => {
    if (!help?.showModal) return false;
    tick.checked = !isOff();
    help.showModal();
    return true;
  };
  all("[data-keys-open]").forEach((button) => { button.hidden = false; button.addEventListener("click", show); });
  help?.querySelector("[data-keys-close]")?.addEventListener("click", () => help.close());
  tick?.addEventListener("change", () => {
    const secure = location.protocol === "https:" ? "; secure" : "";
    if (tick.checked) delete root.dataset.keys; else root.dataset.keys = "off";
    document.cookie = `hotkeys=${tick.checked ? "" : "off"}; path=/; max-age=${tick.checked ? 0 : 31536000}; samesite=lax${secure}`;
  });
})();
