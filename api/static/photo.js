"use strict";
// A photo before it is sent: shown, and made smaller where it is larger than anybody needs.

(() => {
  const WIDEST = 1600;
  const LARGE_BYTES = 1_500_000;
  const BYTES_MOST = 4_900_000; // with what a form adds, the server takes no more

  const smaller = async (file) => {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, WIDEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return new File([blob], "photo.jpg", { type: "image/jpeg" });
  };

  document.querySelectorAll("[data-photo]").forEach((input) => {
    const preview = input.parentElement.querySelector("[data-preview]");
    input.addEventListener("change", async () => {
      const file = input.files[0];
      preview.hidden = true;
      if (!file) return;
      let kept = file;
      if (file.size > LARGE_BYTES) {
        try {
          kept = await smaller(file);
          const bag = new DataTransfer();
          bag.items.add(kept);
          input.files = bag.files;
        } catch {
          kept = file; // the server says what is wrong with it
        }
      }
      if (kept.size > BYTES_MOST) {
        input.value = "";
        preview.textContent = input.dataset.tooLarge;
        preview.hidden = false;
        window.creditbank.speak(preview.textContent);
        return;
      }
      const shown = Object.assign(new Image(), { alt: input.dataset.photo || "" });
      shown.addEventListener("load", () => { URL.revokeObjectURL(shown.src); preview.hidden = false; });
      shown.src = URL.createObjectURL(kept);
      preview.replaceChildren(shown);
    });
  });
})();
