// What every page does besides showing itself: times that go on, forms that keep what was typed, parts that are live.
// All of it is help: a page reads, and a form is sent, without.
(() => {
  "use strict";

  const chinese = document.documentElement.lang.startsWith("zh");
  const begun = { page: Date.parse(document.body.dataset.now), machine: performance.now() };
  // The time of the office, which need not be that of this machine.
  const now = () => begun.page + (performance.now() - begun.machine);

  // Relative times -------------------------------------------------------------------------------------------------
  const units = chinese
    ? [["天", 86400], ["小时", 3600], ["分钟", 60]]
    : [["day", 86400], ["hour", 3600], ["minute", 60]];

  function spanOf(milliseconds) {
    let left = Math.floor(Math.abs(milliseconds) / 1000);
    const told = [];
    for (const [name, size] of units) {
      const count = Math.floor(left / size);
      left -= count * size;
      if (count && !(size === 60 && told.length > 1)) {
        told.push(chinese ? `${count}${name}` : `${count} ${name}${count === 1 ? "" : "s"}`);
      }
    }
    return told.slice(0, 2).join(chinese ? "" : " ");
  }

  function relative(at) {
    const left = at - now();
    if (Math.abs(left) < 60000) return chinese ? "刚刚" : "just now";
    const told = spanOf(left);
    if (left > 0) return chinese ? `还有${told}` : `in ${told}`;
    return chinese ? `${told}前` : `${told} ago`;
  }

  function tick() {
    for (const place of document.querySelectorAll("[data-at]")) {
      const told = relative(Date.parse(place.dataset.at));
      if (place.textContent !== told) place.textContent = told;
    }
  }
  setInterval(tick, 10000);

  // What was typed ---------------------------------------------------------------------------------------------------
  // A form with data-keep keeps its fields in this browser until it is done: a refresh, an error, a session that ended
  // lose nothing. Passwords are never kept. What is kept is this account's alone.
  const account = document.body.dataset.account || "";
  const keyOf = (form) => `panke/typed/${account}/${form.dataset.keep}`;
  // Of hidden fields those alone that say which entry it is: whatever else a form carries is the page's own.
  const OWN = ["event", "at", "preset", "checked"];
  const kept = (field) => field.name && !["password", "file", "submit", "button"].includes(field.type)
    && (field.type !== "hidden" || OWN.includes(field.name));

  function remember(form) {
    const typed = [...form.elements].filter(kept).map((field) => [
      field.name, field.value, ["checkbox", "radio"].includes(field.type) ? field.checked : null,
    ]);
    localStorage.setItem(keyOf(form), JSON.stringify(typed));
  }

  function recall(form) {
    const typed = localStorage.getItem(keyOf(form));
    if (!typed || form.dataset.answered !== undefined) return;
    for (const [name, value, checked] of JSON.parse(typed)) {
      for (const field of [...form.elements].filter((one) => one.name === name && kept(one))) {
        if (checked === null) field.value = value;
        else if (field.value === value) field.checked = checked;
      }
    }
    form.dispatchEvent(new CustomEvent("panke:recalled", { bubbles: true }));
  }

  function watchForms(root) {
    // A page that follows what was done says which form is done, before that form is filled again.
    for (const done of root.querySelectorAll("[data-done]")) {
      localStorage.removeItem(`panke/typed/${account}/${done.dataset.done}`);
    }
    for (const form of root.querySelectorAll("form[data-keep]")) {
      if (form.dataset.watched) continue;
      form.dataset.watched = "yes";
      recall(form);
      form.addEventListener("input", () => remember(form));
      form.addEventListener("change", () => remember(form));
    }
  }

  // A form that was sent is done when the page that follows it does not bring it back with what is wrong. A page that
  // was reached in another way says nothing of it: the connection may have broken, and what was typed stays.
  function forgetSent(root) {
    for (const mark of Object.keys(localStorage).filter((key) => key.startsWith(`panke/typed/${account}/`) && key.endsWith("#sent"))) {
      const from = localStorage.getItem(mark);
      localStorage.removeItem(mark);
      const key = mark.slice(0, -"#sent".length);
      const brought = [...root.querySelectorAll("form[data-keep][data-answered]")].some((form) => keyOf(form) === key);
      if (document.referrer === from && !brought) localStorage.removeItem(key);
    }
  }

  // Whoever signs in after another person finds nothing of theirs.
  function forgetOthers() {
    forgetDesks((name) => account && name.endsWith(`#${account}`));
    if (!account) return;
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith("panke/typed/") && !key.startsWith(`panke/typed/${account}/`)) localStorage.removeItem(key);
    }
  }

  // Pages of desks that are kept for when there is no connection: gone with whoever signs out.
  function forgetDesks(stays) {
    if (!window.caches) return;
    window.caches.keys().then((names) => {
      for (const name of names) if (name.startsWith("panke-desk/") && !stays(name)) window.caches.delete(name);
    });
  }
  document.addEventListener("submit", (event) => {
    if (event.target.action.endsWith("/sign-out") && !event.defaultPrevented) forgetDesks(() => false);
  });

  // A form is sent once, however often a button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    if (form.dataset.keep) localStorage.setItem(`${keyOf(form)}#sent`, location.href);
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });

  // Parts that are put in anew -----------------------------------------------------------------------------------------
  document.addEventListener("htmx:afterSettle", (event) => { tick(); watchForms(event.target); });
  document.addEventListener("htmx:sendError", () => away(true));
  document.addEventListener("htmx:afterOnLoad", () => away(false));
  // The session ended while the page stood open: the page stays as it is, and says so.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) signInAgain();
  });

  function signInAgain() {
    if (document.querySelector("#again")) return;
    const told = document.createElement("p");
    told.id = "again";
    told.className = "notice warn";
    told.setAttribute("role", "alert");
    const link = document.createElement("a");
    link.href = `/sign-in?then=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = chinese ? "登录已失效，请重新登录；已填写的内容不会丢失。" : "The session is over: sign in again. Nothing typed is lost.";
    told.append(link);
    document.querySelector("main").prepend(told);
  }

  function away(is) {
    const notice = document.querySelector("#away");
    if (notice) notice.hidden = !is;
  }
  addEventListener("offline", () => away(true));
  addEventListener("online", () => away(false));

  // Keys: the letter of a field or a room, with Alt, as `accesskey` has it; "/" goes to the look-up.
  document.addEventListener("keydown", (event) => {
    const inField = ["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement.tagName);
    if (event.key === "/" && !inField && !event.ctrlKey && !event.metaKey) {
      const field = document.querySelector("[data-look-up]");
      if (field) { event.preventDefault(); field.focus(); }
    }
  });

  window.panke = { now, relative, remember, recall, keyOf, account, chinese, away, signInAgain };
  forgetOthers();
  forgetSent(document);
  watchForms(document);
  tick();
})();
