// All records of one kind are chosen by one button, and how many are chosen is said. Without this script the button
// asks for the page with them chosen.
(() => {
  "use strict";
  const form = document.querySelector("#records");
  if (!form) return;
  const place = form.querySelector("[data-chosen]");
  const boxes = () => [...form.querySelectorAll("input[name=record]")];

  function count() {
    const told = place.dataset.chosen.replace("#", boxes().filter((one) => one.checked).length);
    if (place.textContent !== told) place.textContent = told;
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose]");
    if (!button) return;
    event.preventDefault();
    const kind = button.dataset.choose;
    for (const box of boxes()) box.checked = kind === "" ? false : box.checked || box.dataset.kind === kind;
    count();
  });
  form.addEventListener("change", count);
  count();
})();
