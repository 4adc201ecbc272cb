"use strict";
(() => {
  const form = document.querySelector(".filters");
  if (!form) return;
  const status = document.querySelector(".status");
  const tasks = [...document.querySelectorAll(".task")].map((node) => ({ node, text: node.textContent.toLowerCase() }));
  const sections = [...document.querySelectorAll("main section")];
  const opener = form.elements.open;

  const filter = () => {
    const data = new FormData(form);
    const verdicts = new Set(data.getAll("verdict"));
    const words = data.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    const is = (name, value) => !data.get(name) || data.get(name) === value;
    let shown = 0;
    for (const { node, text } of tasks) {
      const { verdict, category, place } = node.dataset;
      const matches = verdicts.has(verdict) && is("category", category) && is("place", place) &&
        words.every((word) => text.includes(word));
      node.hidden = !matches;
      shown += matches;
    }
    for (const section of sections) section.hidden = !section.querySelector(".task:not([hidden])");
    status.textContent = shown === tasks.length ? `Showing all ${shown} tasks`
      : shown === 0 ? "No task matches the filter" : `Showing ${shown} of ${tasks.length} tasks`;
  };

  const openAll = (open) => {
    for (const { node } of tasks) node.open = open;
    opener.setAttribute("aria-pressed", String(open));
  };

  // What a link leads to is shown, whatever the filter, and opened.
  const follow = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) { form.reset(); filter(); }
    if (target.matches(".task")) target.open = true;
    target.scrollIntoView();
  };

  let before = [];
  addEventListener("beforeprint", () => {
    before = tasks.filter(({ node }) => !node.open);
    for (const { node } of before) node.open = true;
  });
  addEventListener("afterprint", () => { for (const { node } of before) node.open = false; });
  addEventListener("hashchange", follow);
  form.addEventListener("input", filter);
  form.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  opener.addEventListener("click", () => openAll(opener.getAttribute("aria-pressed") !== "true"));

  form.hidden = false;
  filter();
  follow();
})();
