// The sum of the shares as they are typed; the service refuses what does not come to 100 all the same.
(() => {
  "use strict";

  function told(typed) {
    const value = Number(typed.normalize("NFKC").replaceAll("%", "").trim());
    return Number.isFinite(value) ? Math.round(value * 100) : 0;
  }

  function sum(form) {
    const fields = [...form.querySelectorAll("[data-percent]")];
    const place = form.querySelector("[data-sum]");
    if (!place) return;
    const total = fields.reduce((so_far, field) => so_far + told(field.value), 0);
    const any = fields.some((field) => field.value.trim() !== "");
    place.textContent = any ? `${place.dataset.words} ${total / 100}%` : "";
    place.className = !any ? "" : total === 10000 ? "tag good" : "tag bad";
  }

  for (const form of document.querySelectorAll("form[data-shares]")) {
    form.addEventListener("input", () => sum(form));
    form.addEventListener("panke:recalled", () => sum(form));
    sum(form);
  }
})();
