// The desk without a connection: the last page of it that held nobody's customer is kept in this browser, for the
// account that it was shown to, and stands in when the network does not answer. Nothing else is ever answered from here.
"use strict";

const DESK = new URL(self.registration.scope).pathname;
const PREFIX = "panke-desk/";
// As long as a session without anything lasts.
const LONGEST = 12 * 3600 * 1000;
const KEPT_AT = "x-kept-at";
// Seconds before each further try to keep the first page.
const PAUSES = [0, 2, 10, 60];
const ASSETS = /\/assets\/[0-9a-f]{16}\/[^"']+/g;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && isDesk(url)) event.respondWith(desk(event));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(asset(request));
});

// The first page was there before this worker.
self.addEventListener("message", (event) => {
  const url = new URL(event.data.keep, self.location.origin);
  if (isDesk(url)) event.waitUntil(keepSoon(url));
});

// A desk is opened in the morning and left open: what did not come once is asked for again.
async function keepSoon(url) {
  for (const pause of PAUSES) {
    await new Promise((done) => setTimeout(done, pause * 1000));
    try {
      if (await keep(url, await fetch(url, { redirect: "manual" }))) return;
    } catch (error) {
      console.info("the desk is not kept yet:", error.message);
    }
  }
}

function isDesk(url) {
  return url.pathname === DESK && [...url.searchParams.keys()].every((name) => name === "kind");
}

async function desk(event) {
  let answer;
  try {
    answer = await fetch(event.request);
  } catch {
    return (await kept(event.request.url)) || Response.error();
  }
  const url = new URL(event.request.url);
  event.waitUntil(keep(url, answer.clone()).catch(() => keepSoon(url)));
  return answer;
}

async function asset(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request)) || Response.error();
  }
}

// Answers whether it is done with this page. Whoever is led to the sign-in, or may not look, finds nothing of before.
async function keep(url, answer) {
  if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) {
    await forget(() => true);
    return true;
  }
  if (!answer.ok) return false;
  const text = await answer.text();
  const account = /<body[^>]* data-account="([^"]*)"/.exec(text);
  if (!account) return false;
  const name = `${PREFIX}${DESK}#${account[1]}`;
  await forget((one) => !one.endsWith(`#${account[1]}`));
  // The server says which page holds no word about a customer.
  if (!text.includes('<meta name="panke-kept"')) return true;
  const cache = await caches.open(name);
  const headers = new Headers(answer.headers);
  headers.set(KEPT_AT, String(Date.now()));
  await cache.put(url.href, new Response(text, { headers }));
  await keepAssets(cache, new Set(text.match(ASSETS)));
  return true;
}

// Those of this page, and none of an earlier one.
async function keepAssets(cache, wanted) {
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/assets/") && !wanted.delete(pathname)) await cache.delete(request);
  }
  await cache.addAll([...wanted]);
}

async function forget(which) {
  const names = (await caches.keys()).filter((one) => one.startsWith(PREFIX) && which(one));
  await Promise.all(names.map((one) => caches.delete(one)));
}

async function kept(address) {
  const name = (await caches.keys()).find((one) => one.startsWith(`${PREFIX}${DESK}#`));
  if (!name) return undefined;
  const cache = await caches.open(name);
  const found = (await cache.match(address)) || (await cache.match(address, { ignoreSearch: true }));
  if (!found) return undefined;
  const since = Date.now() - Number(found.headers.get(KEPT_AT));
  if (!(since >= 0 && since < LONGEST)) {
    await caches.delete(name);
    return undefined;
  }
  return new Response(asOfNow(await found.text(), since), { headers: found.headers });
}

// What was kept says what time it is now, and gives its entries ids of their own: one that was used is never used again.
function asOfNow(text, since) {
  const then = /<body[^>]* data-now="([^"]*)"/.exec(text)[1];
  const now = new Date(Date.parse(then) + since);
  return text
    .replace(`data-now="${then}"`, `data-now="${now.toISOString()}" data-kept-since="${then}"`)
    .replace(/(name="event" value=")[^"]*/g, (_, before) => before + idAt(now.getTime()))
    .replace(/(name="at" value=")[^"]*/g, `$1${now.toISOString()}`);
}

// A UUIDv7.
function idAt(time) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let place = 5, left = Math.floor(time); place >= 0; place -= 1, left = Math.floor(left / 256)) bytes[place] = left % 256;
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const digits = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
