"use strict";
// How long a pairing code is still good, by the seconds that the server said it has.

const shownAt = new WeakMap();

setInterval(() => {
  document.querySelectorAll("[data-countdown]").forEach((one) => {
    if (!shownAt.has(one)) shownAt.set(one, performance.now());
    const gone = (performance.now() - shownAt.get(one)) / 1000;
    const left = Math.max(0, Math.floor(Number(one.dataset.countdown) - gone));
    one.textContent = ` · ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  });
}, 500);
