"use strict";
// Reading codes: by the camera, or from a photo. The reader (WebAssembly) is loaded by the pages
// that scan, and only once somebody scans; a browser's own reader is used where it reads QR codes.
//
// creditbank.scanner(video, onText, onTrouble) → {start, stop, photo, torch}
//   start()      → promise: {torch: whether there is a light}, or null where onTrouble was called
//   photo(file)  → promise: reads one picture
//   onText(digits) is called once for each start or photo; the camera is off by then. Return false
//   to go on looking. onTrouble(kind, sentence): insecure, refused, none, busy, reader, unread,
//   foreign. The video says where the reader is: data-reader and data-wasm.
// creditbank.scanBox(section, onText) wires what parts/scanner.html writes, and returns the same.

(() => {
  const WIDEST = 960;
  const PHOTO_WIDEST = 1600;
  const PAUSE_MS = 60;
  const CODE = /^[0-9]{8,24}$/;
  const zh = document.documentElement.lang.startsWith("zh");
  const TROUBLE = {
    insecure: ["这个网址不能用相机：要用 https 打开。现在请拍照或输入数字。", "This address cannot use the camera: open it by https. For now take a photo or type the digits."],
    refused: ["没有相机权限。请在浏览器设置里允许使用相机，再点“打开相机”；也可以拍照或输入数字。", "The camera is not allowed. Allow it in the browser's settings and start again; or take a photo, or type the digits."],
    none: ["没有找到相机。请拍照或输入数字。", "No camera was found. Take a photo or type the digits."],
    busy: ["相机正被别的应用占用。请关掉那个应用再试，或者拍照、输入数字。", "Another app is using the camera. Close it and try again; or take a photo, or type the digits."],
    reader: ["扫码程序没有下载成功。请检查网络再试，或者输入数字。", "The scanner could not be loaded. Check the network and try again, or type the digits."],
    unread: ["照片里没有看清二维码。请靠近一些、对准再拍，或者输入数字。", "No code could be read in the photo. Go closer and take it again, or type the digits."],
    foreign: ["这个二维码不是本系统的码。请对准要扫的码。", "That is not one of our codes. Point at the right one."],
  };

  let reading = null; // one reader a page: a promise of (picture) → text or ""

  const script = (address) => new Promise((done, failed) => {
    const tag = Object.assign(document.createElement("script"), { src: address });
    tag.addEventListener("load", done);
    tag.addEventListener("error", failed);
    document.head.append(tag);
  });

  const own = async () => {
    if (!("BarcodeDetector" in window)) return null;
    const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
    if (!formats.includes("qr_code")) return null; // some have the name and read nothing
    const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
    return async (picture) => ((await detector.detect(picture))[0] || { rawValue: "" }).rawValue;
  };

  const loaded = async (data) => {
    const native = await own();
    if (native) return native;
    if (!window.ZXingWASM) await script(data.reader);
    await window.ZXingWASM.prepareZXingModule({ overrides: { locateFile: () => data.wasm }, fireImmediately: true });
    const options = { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 };
    return async (picture) => ((await window.ZXingWASM.readBarcodes(picture, options))[0] || { text: "" }).text;
  };

  const reader = (data) => {
    reading = reading || loaded(data);
    reading.catch(() => { reading = null; }); // the next try loads it again
    return reading;
  };

  const sketch = document.createElement("canvas");
  const pixels = (source, width, height, widest) => {
    const scale = Math.min(1, widest / Math.max(width, height));
    sketch.width = Math.round(width * scale);
    sketch.height = Math.round(height * scale);
    const drawn = sketch.getContext("2d", { willReadFrequently: true });
    drawn.drawImage(source, 0, 0, sketch.width, sketch.height);
    return drawn.getImageData(0, 0, sketch.width, sketch.height);
  };

  const reason = (error) => {
    if (["NotAllowedError", "SecurityError"].includes(error.name)) return "refused";
    if (["NotReadableError", "AbortError"].includes(error.name)) return "busy";
    return "none";
  };

  const scanner = (video, onText, onTrouble) => {
    let stream = null;
    let turn = 0; // what an older turn finds is nobody's business any more
    let asleep = false;

    const tell = (kind) => onTrouble(kind, TROUBLE[kind][zh ? 0 : 1]);

    const stop = () => {
      turn += 1;
      if (stream) stream.getTracks().forEach((track) => track.stop());
      stream = null;
      video.srcObject = null;
      video.dataset.state = "off";
    };

    const fail = (kind) => {
      stop();
      tell(kind);
      return null;
    };

    const look = async (read, mine) => {
      let foreign = "";
      while (turn === mine) {
        const text = video.videoWidth
          ? (await read(pixels(video, video.videoWidth, video.videoHeight, WIDEST)).catch(() => "")).trim()
          : "";
        if (turn !== mine) return;
        if (text && CODE.test(text)) {
          performance.measure("creditbank.scan", { start: "creditbank.scan.start" });
          video.pause();
          stop();
          if (onText(text) === false) start();
          return;
        }
        if (text && text !== foreign) {
          foreign = text;
          tell("foreign");
        }
        await new Promise((done) => setTimeout(done, PAUSE_MS));
      }
    };

    const start = async () => {
      stop();
      const mine = turn;
      if (!window.isSecureContext) return fail("insecure");
      if (!navigator.mediaDevices) return fail("none");
      performance.mark("creditbank.scan.start");
      video.dataset.state = "starting";
      const getting = reader(video.dataset);
      getting.catch(() => {});
      try {
        const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
        const got = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
        if (turn !== mine) {
          got.getTracks().forEach((track) => track.stop());
          return null;
        }
        stream = got;
        video.srcObject = got;
        await video.play();
      } catch (error) {
        return turn === mine ? fail(reason(error)) : null;
      }
      const track = stream.getVideoTracks()[0];
      track.addEventListener("ended", () => { if (turn === mine) fail("busy"); });
      let read;
      try {
        read = await getting;
      } catch {
        return turn === mine ? fail("reader") : null;
      }
      if (turn !== mine) return null;
      video.dataset.state = "looking";
      look(read, mine);
      const able = track.getCapabilities ? track.getCapabilities() : {};
      return { torch: Boolean(able.torch) };
    };

    const torch = async (on) => {
      if (stream) await stream.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] }).catch(() => {});
    };

    const photo = async (file) => {
      stop();
      let picture;
      let read;
      try {
        read = await reader(video.dataset);
      } catch {
        return tell("reader");
      }
      try {
        picture = await createImageBitmap(file);
      } catch {
        return tell("unread");
      }
      let text = "";
      for (const widest of [PHOTO_WIDEST, PHOTO_WIDEST / 2, PHOTO_WIDEST / 4]) {
        text = (await read(pixels(picture, picture.width, picture.height, widest)).catch(() => "")).trim();
        if (text) break;
      }
      picture.close();
      if (CODE.test(text)) return onText(text);
      return tell(text ? "foreign" : "unread");
    };

    // A screen that is not looked at does not look either.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && stream) { asleep = true; stop(); }
      else if (!document.hidden && asleep) { asleep = false; start(); }
    });
    window.addEventListener("pagehide", stop);

    return { start, stop, photo, torch };
  };

  // Whether the camera was allowed on this site before; then a page may start it by itself.
  scanner.allowed = async () => {
    try {
      return (await navigator.permissions.query({ name: "camera" })).state === "granted";
    } catch {
      return false;
    }
  };

  const scanBox = (box, onText) => {
    const part = (name) => box.querySelector(`[data-scan="${name}"]`);
    const video = box.querySelector("video");
    const trouble = part("trouble");
    let lit = false;
    const show = (running, light) => {
      part("frame").hidden = !running;
      part("start").hidden = running;
      part("light").hidden = !light;
    };
    const used = scanner(
      video,
      (text) => {
        trouble.hidden = true;
        show(false, false);
        window.creditbank.sound(true);
        if (navigator.vibrate) navigator.vibrate(60);
        return onText(text);
      },
      (kind, sentence) => {
        trouble.hidden = false;
        trouble.dataset.kind = kind;
        trouble.textContent = sentence;
        if (kind !== "foreign") show(false, false);
        window.creditbank.speak(sentence);
      },
    );
    const start = async () => {
      trouble.hidden = true;
      show(true, false);
      const running = await used.start();
      if (running) show(true, running.torch);
    };
    part("start").addEventListener("click", start);
    part("light").addEventListener("click", () => {
      lit = !lit;
      part("light").setAttribute("aria-pressed", String(lit));
      used.torch(lit);
    });
    part("photo").addEventListener("change", (event) => {
      const file = event.target.files[0];
      event.target.value = "";
      trouble.hidden = true;
      if (file) used.photo(file);
    });
    box.hidden = false;
    scanner.allowed().then((already) => { if (already) start(); });
    return { ...used, start };
  };

  window.creditbank.scanner = scanner;
  window.creditbank.scanBox = scanBox;
})();
