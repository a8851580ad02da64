// Entries that wait while there is no connection: kept in this browser for this account, sent in their order when it
// is back, each under its own id and marked with when it happened. None is dropped but by hand.
(() => {
  "use strict";

  const key = () => `panke/desk/${window.panke.account}/${document.body.dataset.scope}`;
  const words = () => document.querySelector("#waiting-words").dataset;
  let sending = false;

  function read() {
    return JSON.parse(localStorage.getItem(key()) || "[]");
  }

  function write(items) {
    if (items.length) localStorage.setItem(key(), JSON.stringify(items));
    else localStorage.removeItem(key());
    show();
  }

  function change(id, changes) {
    write(read().map((item) => (item.id === id ? { ...item, ...changes } : item)));
  }

  function drop(id) {
    write(read().filter((item) => item.id !== id));
  }

  // A UUIDv7; also where the page is not over TLS, and so has no `randomUUID`.
  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    let stamp = Math.floor(window.panke.now());
    for (let place = 5; place >= 0; place -= 1) {
      bytes[place] = stamp % 256;
      stamp = Math.floor(stamp / 256);
    }
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    const text = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
    return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  function keep(form) {
    const fields = [...form.elements]
      .filter((field) => field.name && !["submit", "button"].includes(field.type))
      .map((field) => [field.name, field.value, ["checkbox", "radio"].includes(field.type) ? field.checked : null]);
    const item = {
      id: form.event.value, kind: form.dataset.kind, to: form.dataset.queued, at: form.dataset.sentAt || new Date(happened(form)).toISOString(),
      who: form.elements.namedItem("name").value || form.contact.value, office: form.dataset.keep.split("-").slice(2).join("-"), fields,
      state: "waiting", told: "",
    };
    write([...read().filter((one) => one.id !== item.id), item]);
  }

  // The hour at the office, wherever this machine stands.
  function clockOf(at) {
    const zone = words().zone;
    return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone });
  }

  // When it happened: now, or at the hour of today that was typed.
  function happened(form) {
    const typed = /^(\d{1,2}):(\d{2})$/.exec(form.when ? form.when.value.trim() : "");
    const now = window.panke.now();
    if (!typed) return now;
    const [hours, minutes] = clockOf(now).split(":").map(Number);
    return now - Math.max(0, hours * 60 + minutes - Number(typed[1]) * 60 - Number(typed[2])) * 60000;
  }

  function bodyOf(item) {
    const body = new URLSearchParams();
    for (const [name, value, checked] of item.fields) {
      if (checked !== false && !["event", "at", "step", "checked", "preset", "when"].includes(name)) body.append(name, value);
    }
    body.append("event", item.id);
    body.append("at", item.at);
    return body;
  }

  async function send() {
    if (sending || !window.panke.account) return;
    sending = true;
    try {
      for (const item of read().filter((one) => one.state === "waiting")) {
        if (!(await sent(item))) break;
      }
    } finally {
      sending = false;
    }
  }

  // Whether the next one may be sent: not while there is no connection, no session, or a service that does not answer.
  async function sent(item) {
    let answer;
    try {
      answer = await fetch(item.to, {
        method: "POST", body: bodyOf(item), headers: { accept: "application/json" }, redirect: "error",
      });
    } catch {
      window.panke.away(true);
      return false;
    }
    window.panke.away(false);
    if (answer.status === 401) {
      window.panke.signInAgain();
      return false;
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.ok && told.recorded) {
      drop(item.id);
      tell(`${item.who}: ${told.told}`);
      return true;
    }
    if ([409, 422, 403, 404].includes(answer.status)) {
      change(item.id, { state: "refused", told: told.told || window.pankeDeskForm.oneLanguage(told.detail || "") });
      return true;
    }
    return false;
  }

  function tell(text) {
    const list = document.querySelector("#waiting");
    const told = document.createElement("p");
    told.className = "notice good";
    told.setAttribute("role", "status");
    told.textContent = text;
    list.before(told);
  }

  function show() {
    const section = document.querySelector("#waiting");
    if (!section) return;
    const items = read();
    section.hidden = items.length === 0;
    document.querySelector("#waiting-list").replaceChildren(...items.map(line));
  }

  function line(item) {
    const made = document.querySelector("#waiting-one").content.cloneNode(true);
    const of = (name) => made.querySelector(`[data-of=${name}]`);
    of("who").textContent = item.who || words().nobody;
    of("kind").textContent = words()[item.kind];
    of("at").textContent = clockOf(Date.parse(item.at));
    of("since").dataset.at = item.at;
    of("since").textContent = window.panke.relative(Date.parse(item.at));
    of("state").textContent = item.state === "refused" ? words().refused : words().waiting;
    of("told").textContent = item.told;
    made.querySelector("[data-act=mend]").addEventListener("click", () => {
      drop(item.id);
      window.pankeDeskForm.mend(item);
    });
    made.querySelector("[data-act=drop]").addEventListener("click", () => {
      if (confirm(words().drop)) drop(item.id);
    });
    return made;
  }

  // Signing out clears the browser: not without a word while something waits.
  document.addEventListener("submit", (event) => {
    if (!event.target.action.endsWith("/sign-out") || read().length === 0) return;
    if (!confirm(words().leave)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);

  document.querySelector("#waiting-send").addEventListener("click", send);
  addEventListener("online", send);
  addEventListener("storage", (event) => { if (event.key === key()) show(); });
  setInterval(send, 10000);
  window.pankeDesk = { keep, newId, send };
  show();
  send();
})();
