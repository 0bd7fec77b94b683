"use strict";
// The wall looks again every 30 s; what hangs there stays until something new has come.

(() => {
  const wall = document.getElementById("wall");
  const look = async () => {
    try {
      const answer = await fetch(wall.dataset.now, { cache: "no-store" });
      if (!answer.ok) return;
      const words = await answer.text();
      if (words.includes("wall-grid")) wall.innerHTML = words;
      document.body.classList.remove("stale");
    } catch {
      document.body.classList.add("stale");
    }
  };
  setInterval(look, 30000);
})();
