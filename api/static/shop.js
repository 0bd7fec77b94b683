"use strict";
// How long a pairing code is still good.

setInterval(() => {
  document.querySelectorAll("[data-countdown]").forEach((one) => {
    const left = Math.max(0, Math.floor((new Date(one.dataset.countdown) - Date.now()) / 1000));
    one.textContent = ` · ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  });
}, 500);
