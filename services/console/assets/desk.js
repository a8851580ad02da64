// The desk by keyboard: what is found is said aloud, whom the customer names is preset as receiving, and without a
// connection an entry is kept. All of it is help: the form is sent, and reads, without.
(() => {
  "use strict";

  const words = () => document.querySelector("#waiting-words").dataset;
  const form = () => document.querySelector("#entry-form");
  const touched = { contact: "" };

  // What is put in anew --------------------------------------------------------------------------------------------
  function say(text) {
    const place = document.querySelector("#said");
    if (place && text) place.textContent = text.replace(/\s+/g, " ").trim();
  }

  // A form that is wrong is answered with what is wrong, which is shown as well.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    const told = (xhr.getResponseHeader("content-type") || "").startsWith("text/html");
    if (xhr.status >= 400 && told && ["entry", "found"].includes(target.id)) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
    if (target.id === "found") touched.open = Boolean(target.querySelector("#more[open]"));
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const here = document.getElementById(event.detail.target.id);
    if (!here) return;
    if (here.id === "found" && touched.open) here.querySelector("#more").open = true;
    if (here.id === "found" || here.id === "entry") {
      say((here.querySelector("#outcome, #decided [data-say]") || here.querySelector("[data-say]") || {}).textContent);
    }
    if (here.id === "entry") touched.contact = here.querySelector("#contact").value.trim();
    if (here.id === "entry") (here.querySelector("[aria-invalid]") || here.querySelector("[autofocus]") || here).focus();
    if (here.id === "boards") followBoard(here);
  });

  // What else went wrong: what was typed stands there still.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) return;
    trouble(detailOf(event.detail.xhr));
  });

  function detailOf(xhr) {
    try {
      return oneLanguage(JSON.parse(xhr.responseText).detail || "");
    } catch {
      return "";
    }
  }

  // A service says a thing in both languages on one line, 中文 (English).
  function oneLanguage(line) {
    const found = /^(.*?) \((.*)\)$/s.exec(line);
    return found ? (window.panke.chinese ? found[1] : found[2]) : line;
  }

  function trouble(detail) {
    let place = document.querySelector("#trouble");
    if (!place) {
      place = document.createElement("p");
      place.id = "trouble";
      place.className = "notice bad";
      place.setAttribute("role", "alert");
      document.querySelector("#decided").before(place);
    }
    place.textContent = `${words().trouble} ${detail}`;
  }

  // The look-up --------------------------------------------------------------------------------------------------------
  // It is asked for once the contact is whole: eleven digits, a landline, or a WeChat id.
  const whole = (text) => text.replace(/\D/g, "").length >= 7 || /[a-z][a-z0-9_.-]{5,}/i.test(text);

  document.addEventListener("htmx:confirm", (event) => {
    const field = event.detail.elt;
    if (field.id !== "contact") return;
    const typed = field.value.trim();
    if (!navigator.onLine || (typed && !whole(typed)) || typed === touched.contact) {
      event.preventDefault();
      return;
    }
    touched.contact = typed;
  });

  // What was typed before a refresh is looked up again.
  document.addEventListener("DOMContentLoaded", () => {
    const one = form();
    if (one && one.contact.value.trim() && one.dataset.answered === undefined) lookUpAgain(one);
  });

  function lookUpAgain(one) {
    touched.contact = "";
    window.htmx.trigger(one.contact, "change");
  }

  // Whoever sees that it is a call and no visit types nothing twice.
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest(".kinds a");
    const one = form();
    if (!link || !one || link.dataset.kind === one.dataset.kind) return;
    const there = window.panke.keyOf(one).replace(`desk-${one.dataset.kind}-`, `desk-${link.dataset.kind}-`);
    if (!one.contact.value.trim() || localStorage.getItem(there)) return;
    const carried = ["contact", "name", "notes", "visited_before", "named_consultant", "contacted_by"];
    const fields = [...one.elements].filter((field) => carried.includes(field.name));
    localStorage.setItem(there, JSON.stringify(fields.map((field) => [
      field.name, field.value, field.type === "radio" ? field.checked : null,
    ])));
    localStorage.removeItem(window.panke.keyOf(one));
  });

  // Who receives ---------------------------------------------------------------------------------------------------
  const triple = (one) => [one.receiver.value, capacityOf(one), one.on_behalf_of ? one.on_behalf_of.value : ""].join("|");
  const capacityOf = (one) => (one.querySelector("[name=capacity]:checked") || { value: "on_turn" }).value;
  const untouched = (one) => one.receiver.value === "" || one.preset.value === triple(one);

  function preset(one, receiver, capacity, behalf) {
    one.receiver.value = receiver;
    const radio = one.querySelector(`[name=capacity][value=${capacity}]`);
    if (radio) radio.checked = true;
    if (one.on_behalf_of) one.on_behalf_of.value = behalf;
    one.preset.value = triple(one);
    window.panke.remember(one);
  }

  // Whom the customer names receives; where that is not possible, whoever is on turn does so for them.
  document.addEventListener("change", (event) => {
    const one = form();
    const asked = ["designated", "named_consultant", "contacted_by", "ref_consultant"];
    if (!one || !one.receiver || !asked.includes(event.target.name) || !event.target.value) return;
    if (!untouched(one) || one.dataset.kind !== "visit") return;
    const named = [...one.receiver.options].find((option) => option.value === event.target.value);
    const next = document.querySelector("#boards").dataset.nextVisit;
    if (named && named.dataset.away === undefined) preset(one, named.value, "on_turn", "");
    else preset(one, one.receiver.options.length === 2 ? one.receiver.options[1].value : next, "assist", event.target.value);
  });

  // The board moved: whoever was preset since they were next is no longer. An entry that was sent stays as it was sent:
  // it may be what moved the board, and is recorded under its id with whom it named.
  const board = { visit: null, call: null };
  function followBoard(section) {
    const now = { visit: section.dataset.nextVisit, call: section.dataset.nextCall };
    const one = form();
    if (one && one.receiver && !one.dataset.sentAt && untouched(one)) {
      const kind = one.dataset.kind;
      if (kind in now && one.receiver.value === board[kind] && now[kind] !== board[kind]) {
        preset(one, now[kind], capacityOf(one), one.on_behalf_of ? one.on_behalf_of.value : "");
      }
    }
    Object.assign(board, now);
  }

  // Without a connection -----------------------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const keeps = event.submitter && event.submitter.value === "keep";
    if (event.target.id !== "entry-form" || (navigator.onLine && !keeps)) return;
    event.preventDefault();
    event.stopPropagation();
    offline(event.target, event.submitter);
  }, true);
  // From here on it may be recorded, and only the answer be lost: it goes on being as of when it was sent.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const one = event.detail.elt;
    if (one.id === "entry-form" && one.elements.namedItem("checked")) one.dataset.sentAt = one.at.value;
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.elt.id === "entry-form") offline(event.detail.elt, null);
  });

  // The first Enter says that nothing can be told now, the second one keeps the entry.
  function offline(one, submitter) {
    if (submitter && submitter.value === "keep") {
      window.pankeDesk.keep(one);
      fresh(one);
      if (navigator.onLine) window.pankeDesk.send();
      return;
    }
    window.panke.away(true);
    const place = document.querySelector("#decided");
    place.replaceChildren();
    const told = document.createElement("p");
    told.className = "notice away";
    told.textContent = words().offline;
    const button = document.createElement("button");
    Object.assign(button, { className: "main", name: "step", value: "keep", textContent: words().keep });
    place.append(told, button);
    button.focus();
    say(words().offline);
  }

  // The form for the next entry, under another id.
  function fresh(one) {
    localStorage.removeItem(window.panke.keyOf(one));
    const kept = { kind: one.kind.value, preset: one.preset.value };
    for (const field of one.elements) {
      if (field.type === "checkbox") field.checked = false;
      else if (field.type === "radio") field.checked = field.name === "capacity" && field.value === "on_turn";
      else if (!(field.name in kept) && field.type !== "submit") field.value = "";
    }
    delete one.dataset.sentAt;
    one.event.value = window.pankeDesk.newId();
    one.at.value = new Date(window.panke.now()).toISOString();
    [one.receiver.value] = kept.preset.split("|");
    one.preset.value = triple(one);
    touched.contact = "";
    const found = document.querySelector("#found .found");
    if (found) found.remove();
    const again = document.createElement("button");
    Object.assign(again, { className: "main", name: "step", value: "check", textContent: words().check });
    document.querySelector("#decided").replaceChildren(again);
    one.contact.focus();
    say(words().kept);
  }

  // An entry that was refused comes back into the form, to be mended.
  function mend(item) {
    const one = form();
    if (one.dataset.kind !== item.kind) {
      localStorage.setItem(`panke/typed/${window.panke.account}/desk-${item.kind}-${item.office}`, typedOf(item));
      location.search = `?kind=${item.kind}`;
      return;
    }
    localStorage.setItem(window.panke.keyOf(one), typedOf(item));
    delete one.dataset.answered;
    window.panke.recall(one);
    lookUpAgain(one);
    one.contact.focus();
  }
  const typedOf = (item) => JSON.stringify(item.fields);

  // The page itself, when it is opened without a connection ---------------------------------------------------------------
  const since = document.body.dataset.keptSince;
  if (since) {
    const told = document.querySelector("#kept");
    told.querySelector("strong").textContent = new Date(since).toLocaleString("sv-SE", { timeZone: words().zone }).slice(0, 16);
    told.hidden = false;
    say(told.textContent);
  }
  if (navigator.serviceWorker && form()) {
    const scope = new URL(form().action).pathname.replace(/\/entries$/, "");
    const { controller } = navigator.serviceWorker;
    navigator.serviceWorker.register("/assets/desk-worker.js", { scope, updateViaCache: "none" })
      .then(() => navigator.serviceWorker.ready)
      .then((ready) => { if (!controller) ready.active.postMessage({ keep: location.href }); })
      .catch((error) => console.info("the desk is not kept for when there is no connection:", error.message));
  }

  window.pankeDeskForm = { mend, say, oneLanguage };
  const boards = document.querySelector("#boards");
  if (boards) followBoard(boards);
})();
