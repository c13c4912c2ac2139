/* Jingwei 经纬 · what every page shares: appearance without a reload, toasts, one question before what cannot be taken back,
   and forms that go once. Everything is bound by data- attributes; without this file the pages still work.

   htmx is version 4. What changed since 2, and what we therefore do:
   - Every answer is swapped in but 204 and 304, errors too. `noSwap` in base.html leaves out the statuses that carry a whole page;
     409 (somebody was faster) and 422 (the rules say no) are fragments and are swapped where the form wanted them.
   - Attributes are inherited only where the parent says so: `hx-target:inherited="#case"`.
   - GET and DELETE send the fields of the form only from the form itself; elsewhere say `hx-include="closest form"`.
   - `hx-disable` now names what to disable while a request runs (it was `hx-disabled-elt`); to keep htmx out, `hx-ignore`.
   - Events are `htmx:before:request`, `htmx:config:request`, `htmx:after:swap`, `htmx:finally:request`; a failed connection is
     `htmx:error`, a status from 400 on `htmx:response:error`. What they carry is in `event.detail.ctx`. Requests are fetch, not XHR.
   - Out-of-band swaps come after the main one. Going back reloads the page (`history: "reload"`), nothing is kept in the browser.
   - One request of an element waits for the one before it instead of replacing it. */

(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // ---------------------------------------------------------------- appearance: cookies, so that the server draws it right the next time

  const remember = (name, value) => {
    const life = value === "" ? 0 : 31536000;
    document.cookie = `${name}=${value}; path=/; max-age=${life}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  };

  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!event.target.matches("[data-look]") || !button || "reloads" in button.dataset) return;
    event.preventDefault();
    if (button.name === "theme") {
      const chosen = button.value === "auto" ? "" : button.value;
      remember("theme", chosen);
      if (chosen) root.dataset.theme = chosen; else delete root.dataset.theme;
    } else if (button.name === "elder") {
      const on = button.value === "1";
      remember("elder", on ? "1" : "");
      root.toggleAttribute("data-elder", on);
      all(`[form=look][name=elder][value="${on ? 0 : 1}"]`)[0]?.focus();  // the pressed button is gone now
    }
  });

  // ---------------------------------------------------------------- toasts

  const close = (toast) => toast.remove();
  const wait = (toast) => setTimeout(() => (toast.matches(":hover, :focus-within") ? wait(toast) : close(toast)), 10000);

  const bindToasts = (from = document) => {
    all("[data-toast]", from).forEach((toast) => {
      all("[data-toast-close]", toast).forEach((button) => { button.hidden = false; });
      // Only good news leaves by itself, and never in the elder version.
      if ("toastFades" in toast.dataset && !root.hasAttribute("data-elder")) wait(toast);
    });
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-toast-close]");
    if (button) close(button.closest("[data-toast]"));
  });

  /** Say something at the foot of the page; other scripts call it as `jingwei.say(words)`. */
  const say = (words) => {
    const blank = document.querySelector("[data-toast-blank]"), place = document.querySelector("[data-toasts]");
    if (!blank || !place || !words) return;
    all("[data-said]", place).forEach(close);  // the latest counts; a pile would cover the page
    const toast = blank.content.firstElementChild.cloneNode(true);
    toast.dataset.said = "";
    toast.querySelector("[data-toast-words]").textContent = words;
    place.append(toast);
  };
  const words = (name) => document.querySelector("[data-toasts]")?.dataset[`say${name}`] || "";

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-print]")) window.print();
  });

  // ---------------------------------------------------------------- one question

  /** Ask in the page's own dialog; resolves to yes or no. */
  const ask = (what, yesWords) => new Promise((resolve) => {
    const box = document.querySelector("[data-confirm-box]");
    if (!box?.showModal) return resolve(window.confirm(what));
    const yes = box.querySelector("[data-yes]"), no = box.querySelector("[data-no]");
    box.querySelector("[data-confirm-what]").textContent = what;
    yes.textContent = yesWords || yes.dataset.plain;
    let said = false;
    yes.onclick = () => { said = true; box.close(); };
    no.onclick = () => box.close();
    box.addEventListener("close", () => resolve(said), { once: true });
    box.showModal();
    no.focus();
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    const asked = button?.dataset.confirm ? button : form;
    if (!asked.dataset.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!(await ask(asked.dataset.confirm, asked.dataset.confirmYes))) return;
    form.dataset.confirmed = "1";
    form.requestSubmit(button);
    delete form.dataset.confirmed;
  }, true);

  document.addEventListener("htmx:confirm", async (event) => {
    event.preventDefault();
    const { ctx, issueRequest, dropRequest } = event.detail;
    (await ask(ctx.confirm, ctx.sourceElement.dataset.confirmYes)) ? issueRequest() : dropRequest();
  });

  // ---------------------------------------------------------------- sent once

  const stop = (form, button) => {
    form.dataset.sent = "1";
    // After this turn, for a disabled button would not send its own name and value.
    setTimeout(() => {
      if (!button) return;
      button.disabled = true;
      button.setAttribute("aria-busy", "true");
    });
  };
  const free = (form) => {
    delete form.dataset.sent;
    all("[aria-busy=true]", form).concat(form.id ? all(`[aria-busy=true][form="${form.id}"]`) : []).forEach((button) => {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    });
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.target === "_blank" || "many" in form.dataset) return;
    if (form.dataset.sent) return event.preventDefault();
    stop(form, event.submitter);
  });
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach(free));

  // ---------------------------------------------------------------- htmx

  const formOf = (event) => {
    const ctx = event.detail.ctx;
    return ctx?.request?.form || ctx?.sourceElement?.closest("form");
  };

  document.addEventListener("htmx:config:request", (event) => {
    const { request } = event.detail.ctx;
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
    if (request.method !== "GET" && token) request.headers["X-CSRFToken"] = token[1];
  });
  document.addEventListener("htmx:before:request", (event) => {
    const form = formOf(event), { request } = event.detail.ctx;
    if (!form || request.method === "GET" || "many" in form.dataset) return;
    if (form.dataset.sent) return event.preventDefault();
    stop(form, request.submitter);
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const form = formOf(event);
    if (form) free(form);
  });
  document.addEventListener("htmx:after:swap", () => { bindToasts(); focusError(); });
  document.addEventListener("htmx:error", () => say(words("Offline")));
  document.addEventListener("htmx:response:error", (event) => {
    const status = event.detail.ctx.response.status;
    if (status === 409 || status === 422) return;  // the fragment says it better
    const names = { 401: "Signin", 403: "Refused", 404: "Gone", 410: "Gone", 413: "Large", 429: "Often" };
    say(words(names[status] || "Failed"));
  });

  // ---------------------------------------------------------------- start

  /** After a refusal the summary takes the focus, so that it is read first. */
  const focusError = () => document.querySelector("[data-focus]:not([data-focused])")?.focus();
  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.("[data-focus]")) event.target.dataset.focused = "";
  });

  all("[data-script]").forEach((part) => { part.hidden = false; });
  bindToasts();
  focusError();
  window.jingwei = { say, ask };
})();
