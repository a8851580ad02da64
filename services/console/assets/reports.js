// Reports: the print button, and days that follow the chosen period. Without it the browser's own menu prints.
(() => {
  "use strict";
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  // Whoever types a day means from one day to another.
  const form = document.querySelector("form.periods");
  const days = form && form.querySelector('input[name="period"][value="days"]');
  if (days) {
    for (const name of ["from", "to"]) {
      form.elements[name].addEventListener("input", () => { days.checked = true; });
    }
    for (const choice of form.querySelectorAll('input[name="period"]')) {
      choice.addEventListener("change", () => { if (choice.value !== "days") form.requestSubmit(); });
    }
  }
  // What the figures mean is printed with them.
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details.definitions")) one.open = true;
  });
})();
