// The page works without this. With it, forms answer in place and what happens shows by itself.
(() => {
  "use strict";

  const busy = (row) => row.contains(document.activeElement) && document.activeElement.matches("input, textarea, select") ||
    row.querySelector("details[open]");

  // renew takes over the rows of the fresh page, but for those in which someone is writing.
  const renew = (body, fresh) => {
    const rows = [...fresh.rows].map((row) => {
      const old = row.id && document.getElementById(row.id);
      return old && busy(old) ? old : row;
    });
    body.replaceChildren(...rows);
  };

  const refresh = async () => {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const body of document.querySelectorAll("tbody[id]")) {
      const fresh = page.getElementById(body.id);
      if (fresh && fresh.innerHTML !== body.innerHTML) renew(body, fresh);
    }
    for (const text of document.querySelectorAll("[data-live]")) {
      text.textContent = page.getElementById(text.id).textContent;
    }
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    event.preventDefault();
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) });
    if (!answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      alert(page.querySelector("main p")?.textContent ?? "That did not work.");
      return;
    }
    for (const open of form.closest("tr")?.querySelectorAll("details[open]") ?? []) open.open = false;
    document.activeElement?.blur();
    await refresh();
  });

  setInterval(() => { if (!document.hidden) refresh().catch(() => {}); }, 2000);
})();
