// The sum of the shares as they are typed; the service refuses what does not come to 100 all the same. What a ruling
// would come to is put into the form by its button, so that only the reason is left to be typed.
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

  function fill(form, given) {
    const fields = form.elements;
    fields.namedItem("owner").value = given.owner;
    for (let row = 0; fields.namedItem(`share_${row}_percent`); row += 1) {
      const [staff, percent] = given.shares[row] || [null, ""];
      if (staff !== null) fields.namedItem(`share_${row}_staff`).value = staff;
      fields.namedItem(`share_${row}_percent`).value = percent;
    }
    form.dispatchEvent(new Event("input", { bubbles: true }));
    fields.namedItem("reason").focus();
  }

  for (const button of document.querySelectorAll("[data-fill]")) {
    button.hidden = false;
    button.addEventListener("click", () => fill(document.querySelector("form[data-shares]"), JSON.parse(button.dataset.fill)));
  }

  for (const form of document.querySelectorAll("form[data-shares]")) {
    form.addEventListener("input", () => sum(form));
    form.addEventListener("panke:recalled", () => sum(form));
    sum(form);
  }
})();
