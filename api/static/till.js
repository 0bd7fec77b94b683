"use strict";
// The till: keys, the camera, and one final answer for every request, whatever the network does.
//
// A form marked data-request is sent from here. Its key is the request id; it is written down
// before it is sent, so that a crash or a reload forgets nothing. Without an answer it is asked
// for every 3 s for 30 s; what never arrived, and what stays unclear, is cancelled, so that a late
// copy is refused. What the server then says is shown, the same on every screen.

(() => {
  const ANSWER_MS = 5000;
  const ASK_EVERY_MS = 3000;
  const ASKS_MOST = 10;
  const { creditbank } = window;
  const zh = document.documentElement.lang.startsWith("zh");
  const t = (chinese, english) => (zh ? chinese : english);
  const base = location.pathname.split("/").slice(0, 3).join("/");
  const OPEN = `creditbank.till${base}`;
  const main = document.getElementById("main");

  // What was sent and not answered yet ----------------------------------------------------------

  const pending = () => {
    try {
      return JSON.parse(localStorage.getItem(OPEN));
    } catch {
      return null;
    }
  };
  const begin = (id) => localStorage.setItem(OPEN, JSON.stringify({ id, at: Date.now() }));
  const end = (id) => {
    const open = pending();
    if (open && open.id === id) localStorage.removeItem(OPEN);
  };

  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const csrf = () => (document.querySelector('input[name="csrf"]') || { value: "" }).value;
  const freshKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(18));
    return `page-${btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_")}`;
  };

  // An answer, or null where none came or the server could not give one.
  const fetched = async (address, options = {}) => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), ANSWER_MS);
    try {
      const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
      const answer = await fetch(address, { cache: "no-store", ...options, headers, signal: stop.signal });
      return answer.status >= 500 ? null : answer;
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  };
  // Whether this device may ask no more, or its page is of another pairing: then the page says so.
  const shut = (answer) => {
    const is = Boolean(answer) && (answer.status === 401 || answer.status === 403);
    if (is) location.reload();
    return is;
  };
  const posted = (address, fields) => fetched(address, { method: "POST", body: new URLSearchParams(fields) });

  // What is said while nothing is known ----------------------------------------------------------

  const say = (words, kind = "note warn") => {
    let box = document.getElementById("unsure");
    if (!box) {
      box = document.createElement("p");
      box.id = "unsure";
      box.setAttribute("role", "status");
      document.getElementById("problem").before(box);
    }
    box.className = kind;
    box.hidden = !words;
    box.textContent = words;
    if (words) {
      box.scrollIntoView({ block: "center" });
      creditbank.speak(words);
    }
    return box;
  };
  const hold = (held) => document.querySelectorAll("form button, [data-step]").forEach((one) => { one.disabled = held; });

  // Show a page of the till in place: no script is loaded anew, and the voice may speak on.
  const show = async (address, aloud = false) => {
    const answer = await fetched(address);
    const html = answer && answer.ok ? await answer.text() : "";
    const next = new DOMParser().parseFromString(html, "text/html").getElementById("main");
    if (!next) {
      location.assign(address);
      return;
    }
    const header = next.ownerDocument.querySelector("header.bar");
    if (header) document.querySelector("header.bar").replaceWith(header);
    document.title = next.ownerDocument.title;
    main.replaceChildren(...next.childNodes);
    history.pushState(null, "", answer.url);
    window.scrollTo(0, 0);
    if (window.htmx) window.htmx.process(main);
    wire();
    if (aloud) paid();
    const head = main.querySelector("h1");
    if (head) {
      head.tabIndex = -1;
      head.focus({ preventScroll: true });
    }
  };
  window.addEventListener("popstate", () => location.reload());

  // One final answer ------------------------------------------------------------------------------

  const told = async (id, said) => {
    end(id);
    say("");
    hold(false);
    if (said.go) {
      await show(said.go, true);
      return;
    }
    const words = said.words || t("网络中断，这一次没有扣分。可以再来一次。", "The network was gone: nothing was taken this time. You can do it again.");
    say(words, "problem");
    document.querySelectorAll("form[data-request]").forEach((form) => { form.elements.key.value = freshKey(); });
    creditbank.sound(false);
  };

  const finding = new Set();
  const findOut = async (id) => {
    if (finding.has(id)) return;
    finding.add(id);
    hold(true);
    say(t("没有收到答复，正在查询这一笔有没有成功，请不要重复收款……", "No answer came. Asking what became of it; please do not take it again…"));
    const address = `${base}/till/requests/${encodeURIComponent(id)}`;
    for (let asks = 0; asks < ASKS_MOST; asks += 1) {
      await pause(ASK_EVERY_MS);
      const answer = await fetched(address);
      if (answer && answer.ok) {
        finding.delete(id);
        await told(id, await answer.json());
        return;
      }
      if (shut(answer)) return;
      if (answer && answer.status === 404) break; // it never arrived: only cancelling is safe now
    }
    for (;;) {
      const answer = await posted(`${address}/cancel`, { key: `cancel/${id}`.slice(0, 255), csrf: csrf() });
      if (answer && answer.ok) {
        finding.delete(id);
        await told(id, await answer.json());
        return;
      }
      if (answer && answer.status === 409) { // it was paid: then that is the answer
        const paid = await fetched(address);
        if (paid && paid.ok) {
          finding.delete(id);
          await told(id, await paid.json());
          return;
        }
      }
      if (shut(answer)) return;
      say(t("网络还没有恢复，还不知道这一笔有没有成功。请先不要收款，本机会一直查询。", "The network is still gone and it is not known what became of it. Please wait: this device keeps asking."));
      await pause(ASK_EVERY_MS);
    }
  };

  const refused = async (form, answer) => {
    const box = document.getElementById("problem");
    box.innerHTML = await answer.text();
    box.scrollIntoView({ block: "center" });
    form.elements.key.value = freshKey(); // this one has its answer; what comes next is another deed
    creditbank.sound(false);
    creditbank.speak(box.textContent);
    const again = document.querySelector("[data-scan=start]");
    if (again) document.querySelector("[data-code]").value = "";
  };

  let sending = false;
  const send = async (form) => {
    if (form.dataset.sent) return; // a second tap
    form.dataset.sent = "yes";
    sending = true;
    const id = form.elements.key.value;
    const fields = new FormData(form);
    document.getElementById("problem").replaceChildren();
    say("");
    hold(true);
    begin(id);
    performance.mark("creditbank.request.start");
    const answer = await posted(form.getAttribute("action"), fields);
    delete form.dataset.sent;
    if (!answer) {
      await findOut(id);
      sending = false;
      return;
    }
    end(id);
    performance.measure("creditbank.request", { start: "creditbank.request.start" });
    hold(false);
    const go = answer.headers.get("HX-Redirect");
    if (go) await show(go, true);
    else await refused(form, answer);
    sending = false;
  };

  // What stands on a page ---------------------------------------------------------------------------

  const keypad = (form) => {
    const keys = form.querySelector("[data-keys]");
    const field = form.querySelector("#f-cart, [data-pin]");
    if (!keys || !field) return;
    keys.hidden = false;
    if (matchMedia("(pointer: coarse)").matches) field.setAttribute("inputmode", "none");
    else field.focus();
    const most = Number(field.maxLength);
    keys.addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]");
      if (!key) return;
      const word = key.dataset.key;
      if (word === "back") field.value = field.value.slice(0, -1);
      else if (word === "clear") field.value = "";
      else if (field.value.length < most) field.value += word;
      field.dispatchEvent(new Event("input"));
    });
  };

  const AMOUNT = /^\d{0,7}(\.\d{0,2})?$/;
  const pad = (form) => {
    const field = form.elements.cart;
    const hint = form.querySelector("#most");
    const words = hint.textContent;
    let last = "";
    const count = () => {
      const offer = form.querySelector("[name=offer_id]:checked, [name=offer_id][type=hidden]").dataset;
      const [whole, part = ""] = field.value.split(".");
      const fen = Number(whole || 0) * 100 + Number(part.padEnd(2, "0"));
      let most = Math.floor(fen / Number(offer.every)) * Number(offer.points);
      if (offer.most) most = Math.min(most, Number(offer.most));
      if (!fen) hint.textContent = words;
      else if (most) hint.textContent = t(`这一单最多可用 ${most} 个${hint.dataset.asset}`, `At most ${most} ${hint.dataset.asset} for this bill`);
      else hint.textContent = t(`不满 ${Number(offer.every) / 100} 元，还不能用`, `Below ${Number(offer.every) / 100} yuan none can be used`);
    };
    field.addEventListener("input", () => {
      field.value = field.value.normalize("NFKC").replace("。", ".").replace(/[,，\s¥￥]/g, "");
      if (AMOUNT.test(field.value)) last = field.value;
      else field.value = last;
      count();
    });
    form.addEventListener("change", count);
  };

  const yuan = (fen) => `${Math.floor(fen / 100).toLocaleString("en")}.${String(fen % 100).padStart(2, "0")}`;
  const stepper = (box) => {
    const field = box.querySelector("input");
    const button = main.querySelector("[data-take]");
    const shown = () => {
      const n = Math.max(1, Math.min(Number(field.max), Math.floor(Number(field.value) || 1)));
      const off = n * Number(box.dataset.worth);
      main.querySelector("[data-off]").textContent = yuan(off);
      main.querySelector("[data-pay]").textContent = yuan(Number(box.dataset.cart) - off);
      button.textContent = button.dataset.label.replace("{n}", n);
      return n;
    };
    box.querySelectorAll("[data-step]").forEach((key) => {
      key.hidden = false;
      key.addEventListener("click", () => {
        field.value = shown() + Number(key.dataset.step);
        field.value = shown();
      });
    });
    field.addEventListener("input", shown);
  };

  let watching = false;
  const waits = () => {
    const box = main.querySelector("[data-waits]");
    if (!box || watching) return;
    watching = true;
    creditbank.watch(box.dataset.live, async () => {
      const now = main.querySelector("[data-waits]");
      if (!now || sending) return;
      const answer = await fetched(now.dataset.waits);
      if (shut(answer) || !answer || !answer.ok) return;
      const { state } = await answer.json();
      if (state !== now.dataset.state && now.isConnected && !sending) await show(location.href);
    });
  };

  const paid = () => {
    const box = main.querySelector("[data-words]");
    if (!box) return;
    creditbank.sound(true);
    creditbank.speak(box.dataset.words, true);
  };

  function wire() {
    main.querySelectorAll("form[data-request]").forEach((form) => {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        send(form);
      });
    });
    main.querySelectorAll("form").forEach(keypad);
    main.querySelectorAll("form[data-pad]").forEach(pad);
    main.querySelectorAll("[data-stepper]").forEach(stepper);
    const scanner = main.querySelector("[data-scanner]");
    if (scanner && creditbank.scanBox) {
      const field = main.querySelector("[data-code]");
      creditbank.scanBox(scanner, (digits) => {
        field.value = digits;
        field.form.requestSubmit();
      });
    }
    waits();
    const now = main.querySelector("form[data-request=at-once]");
    if (now && !pending()) send(now);
  }
  wire();

  // What an earlier page, or another tab, left open: it may still be answered there.
  const left = pending();
  if (left) {
    hold(true);
    say(t("正在查询上一笔有没有成功……", "Asking what became of the last one…"));
    pause(Math.max(0, left.at + ANSWER_MS + 500 - Date.now())).then(() => {
      const still = pending();
      if (still && still.id === left.id) findOut(left.id);
      else location.reload();
    });
  }
})();
