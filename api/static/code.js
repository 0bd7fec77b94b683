"use strict";
// The pay code: a new one every half minute while it is seen, shown no longer than it is good,
// put away while a till waits or has been paid. Seconds left are the server's, never this clock's.

(() => {
  const pay = document.getElementById("pay");
  const now = document.getElementById("now");
  const card = document.getElementById("code-card");
  const status = document.getElementById("code-status");
  if (!pay || !now) return;
  const on = pay.dataset.on === "yes" && card;

  let began = null;   // when the code that is shown was asked for
  let left = 0;       // how many seconds it was good for then
  let fresh = 0;      // after how many seconds another one may be had
  let key = null;     // of the wish that is under way, the same until it is answered
  let asking = false;
  let offline = false;
  let again = 0;      // not before this instant

  // A phone that slept stops one of its clocks, somebody who sets it moves the other: take the later.
  const instant = () => ({ run: performance.now(), wall: Date.now() });
  const since = (then) => Math.max(performance.now() - then.run, Date.now() - then.wall) / 1000;
  const away = () => pay.hidden;

  const show = () => {
    const face = card.querySelector(".code-face");
    left = face ? Number(face.dataset.left) : 0;
    fresh = face ? Number(face.dataset.refresh) : 0;
  };

  const tell = () => {
    const age = began ? since(began) : Infinity;
    const good = began && age < left;
    if (!good) card.replaceChildren();
    card.dataset.code = good ? "shown" : "none";
    const words = good ? (offline ? pay.dataset.offline : pay.dataset.fresh) : (offline ? pay.dataset.over : pay.dataset.wait);
    const seconds = offline ? left - age : Math.max(fresh - age, 0);
    const said = words.replace("{n}", Math.ceil(seconds));
    if (status.textContent !== said) status.textContent = said;
    return { good, age };
  };

  const answer = async (address, options, patience_ms) => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), patience_ms);
    try {
      return await fetch(address, { ...options, signal: stop.signal, credentials: "same-origin" });
    } finally {
      clearTimeout(timer);
    }
  };

  const issue = async () => {
    asking = true;
    key = key || `code-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
    const asked = instant();
    const body = new URLSearchParams(pay.dataset.whose ? { whose: pay.dataset.whose } : {});
    const headers = { "HX-Request": "true", "X-Part": "code", "Idempotency-Key": key, "X-CSRF-Token": pay.dataset.csrf };
    try {
      const got = await answer(pay.dataset.codes, { method: "POST", headers, body }, 8000);
      const text = await got.text();
      if (got.status >= 500) throw new Error("the server has a fault");
      key = null;
      offline = false;
      if (got.ok) {
        card.innerHTML = text;
        began = asked;
        show();
      } else if (got.status === 401 || got.status === 403) {
        location.reload();
      } else {
        document.getElementById("problem").innerHTML = text;
        again = performance.now() + 15000;
      }
    } catch {
      offline = true;
      again = performance.now() + 3000;
    }
    asking = false;
    tell();
  };

  const tick = () => {
    if (!on || away()) return;
    const { good, age } = tell();
    const wanted = !good || age >= fresh;
    if (wanted && !asking && !document.hidden && performance.now() >= again) issue();
  };

  // What a till does with the code: looked for when the bell rings, put on the page when it is new.
  let looking = false;
  let rung = false;
  const look = async () => {
    if (looking) { rung = true; return; }
    looking = true;
    try {
      const got = await answer(pay.dataset.now, { headers: { "HX-Request": "true" } }, 8000);
      if (got.ok) place(await got.text());
      else if (got.status === 401) location.reload();
    } catch { /* the next look will tell */ }
    looking = false;
    if (rung) { rung = false; look(); }
  };

  const place = (text) => {
    const made = document.createElement("template");
    made.innerHTML = text;
    const next = made.content.getElementById("stage");
    const stage = document.getElementById("stage");
    if (!next || next.dataset.mark === stage.dataset.mark) return;
    document.getElementById("problem").replaceChildren();
    now.replaceChildren(next);
    window.htmx.process(next);
    const hides = "hides" in next.dataset;
    pay.hidden = hides;
    if (hides) { began = null; again = 0; }
    announce(next);
    tick();
  };

  const announce = (stage) => {
    const kind = stage.dataset.kind;
    const aim = stage.querySelector(".pin") || stage.querySelector("h2");
    if (aim) aim.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    if (!kind) return;
    if ("vibrate" in navigator) navigator.vibrate(kind === "paid" ? [80, 60, 160] : 120);
    window.creditbank.sound(true);
    window.creditbank.speak(stage.dataset.say, kind === "paid");
  };

  // The screen stays lit while the code is on it.
  let lamp = null;
  const lit = async () => {
    if (!("wakeLock" in navigator) || document.hidden) return;
    try { lamp = await navigator.wakeLock.request("screen"); } catch { lamp = null; }
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    lit();
    tick();
  });
  window.addEventListener("online", () => { again = 0; tick(); });
  window.addEventListener("offline", () => { offline = true; tick(); });
  document.body.addEventListener("answered", look);

  if (on) {
    const button = document.getElementById("new-code");
    if (button) button.hidden = true;
    if (card.querySelector(".code-digits")) {
      began = { run: 0, wall: performance.timeOrigin };  // asked for with the page itself
      show();
    }
    setInterval(tick, 500);
    tick();
    lit();
  }
  window.creditbank.watch(pay.dataset.live, look);
})();
