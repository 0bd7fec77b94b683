"use strict";
// What every page shares: speaking, the stream that says "look again", keys of buttons, the shell.

(() => {
  const large = document.body.dataset.speaks === "yes";

  // Say a sentence aloud where the device can; the elder mode does so by itself.
  const speak = (sentence, always = false) => {
    if (!(large || always) || !("speechSynthesis" in window)) return;
    const said = new SpeechSynthesisUtterance(sentence);
    said.lang = document.documentElement.lang;
    window.speechSynthesis.cancel();
    window.speechSynthesis.speak(said);
  };

  // A short sound, made here: one tone for good news, two low ones for bad.
  const sound = (good) => {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!Context) return;
    const context = new Context();
    (good ? [880, 1320] : [330, 262]).forEach((hertz, n) => {
      const tone = context.createOscillator();
      const level = context.createGain();
      const at = context.currentTime + n * 0.14;
      tone.frequency.value = hertz;
      level.gain.setValueAtTime(0.15, at);
      level.gain.exponentialRampToValueAtTime(0.001, at + 0.13);
      tone.connect(level).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.14);
    });
  };

  // Call `look` whenever something changed, and from time to time; also after sleep or silence.
  const watch = (address, look) => {
    let stream = null;
    const listen = () => {
      if (!("EventSource" in window)) return;
      stream = new EventSource(address);
      stream.addEventListener("look", look);
    };
    listen();
    setInterval(() => { if (!stream || stream.readyState !== 1) look(); }, 3000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
    window.addEventListener("online", look);
    window.addEventListener("pagehide", () => stream && stream.close());
  };

  window.creditbank = { speak, sound, watch, large };

  // What was done is said once more, aloud, in the elder mode.
  const done = document.querySelector(".done");
  if (done) speak(done.textContent);

  // A refusal is brought into sight and read out.
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "problem") return;
    event.detail.target.scrollIntoView({ block: "center" });
    speak(event.detail.target.textContent);
  });

  // A refusal is the outcome of its key for ever; what is sent next is another deed.
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const status = event.detail.xhr ? event.detail.xhr.status : 0;
    const key = event.detail.elt.querySelector("input[name=key]");
    if (!key || status < 400 || status >= 500) return;
    const signs = crypto.getRandomValues(new Uint8Array(18));
    key.value = `page-${Array.from(signs, (one) => one.toString(16).padStart(2, "0")).join("")}`;
  });

  // No answer at all: the form keeps what was typed and its key, so sending again is safe.
  document.body.addEventListener("htmx:sendError", () => {
    const box = document.getElementById("problem");
    const words = document.documentElement.lang.startsWith("zh")
      ? "网络不通，没有收到答复。请稍后再点一次，不会重复办理。"
      : "No answer came. Tap again in a moment: it will not be done twice.";
    box.replaceChildren(Object.assign(document.createElement("p"), { className: "problem", textContent: words }));
    speak(words);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-print], [data-copy]");
    if (!button) return;
    if (button.hasAttribute("data-print")) window.print();
    const source = button.dataset.copy && document.querySelector(button.dataset.copy);
    if (source && navigator.clipboard) {
      navigator.clipboard.writeText(source.value || source.textContent).then(() => {
        button.textContent = button.dataset.copied;
        speak(button.dataset.copied);
      });
    }
  });

  // A page that the browser kept for the way back holds used keys, and what may be nobody's now.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  if ("serviceWorker" in navigator && window.isSecureContext) {
    navigator.serviceWorker.register("/sw.js").catch(() => {});
  }
})();
