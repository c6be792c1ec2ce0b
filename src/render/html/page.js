"use strict";
(() => {
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const find = form.elements.q;

  // Each target with its steps; what they say is read when someone first searches.
  const targets = Array.from(document.querySelectorAll(".target"), (node) => ({
    node,
    index: node.dataset.target,
    status: node.dataset.status,
    open: null,
    text: null,
    steps: Array.from(node.querySelectorAll(".step"), (step) => ({
      node: step,
      status: step.dataset.status,
      checks: Array.from(step.querySelectorAll("[data-check]"), (check) => check.dataset.check),
      text: null,
    })),
  }));
  const total = targets.reduce((sum, target) => sum + target.steps.length, 0);

  const texts = () => {
    for (const target of targets) {
      if (target.text !== null) continue;
      const own = (node) => (node ? node.textContent : "");
      target.text = (own(target.node.querySelector("summary")) + "\n" + own(target.node.querySelector(".about"))).toLowerCase();
      for (const step of target.steps) step.text = step.node.textContent.toLowerCase();
    }
  };

  const set = (node, name, value) => {
    if (node[name] !== value) node[name] = value;
  };

  const filter = () => {
    const given = new FormData(form);
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const statuses = given.getAll("status");
    const target = given.get("target") || "";
    const check = given.get("check") || "";
    const narrowed = words.length > 0 || statuses.length > 0 || target !== "" || check !== "";
    if (words.length > 0) texts();
    let steps = 0;
    let seen = 0;
    for (const each of targets) {
      // A word may stand in the target's own lines or in the step's.
      const left = words.filter((word) => !each.text.includes(word));
      const here = target === "" || each.index === target;
      let some = 0;
      for (const step of each.steps) {
        const fits = here
          && (statuses.length === 0 || statuses.includes(step.status))
          && (check === "" || step.checks.includes(check))
          && left.every((word) => step.text.includes(word));
        set(step.node, "hidden", !fits);
        if (fits) some += 1;
      }
      const alone = here && each.steps.length === 0 && check === "" && left.length === 0
        && (statuses.length === 0 || statuses.includes(each.status));
      const fits = some > 0 || alone;
      set(each.node, "hidden", !fits);
      if (fits) seen += 1;
      steps += some;
      // What is found is unfolded; what was folded before is again when the filters go.
      if (narrowed && fits) {
        if (each.open === null) each.open = each.node.open;
        set(each.node, "open", true);
      } else if (!narrowed && each.open !== null) {
        set(each.node, "open", each.open);
        each.open = null;
      }
    }
    nothing.hidden = seen > 0 || targets.length === 0;
    const of = (some, all, noun) => (some === all ? String(all) : some + " of " + all) + " " + noun + (all === 1 ? "" : "s");
    shown.textContent = of(steps, total, "step") + " in " + of(seen, targets.length, "target");
  };

  let waiting = 0;
  const soon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(filter);
  };
  form.addEventListener("input", soon);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());

  const fold = (open) => {
    for (const target of targets) {
      if (target.node.hidden) continue;
      target.open = null;
      target.node.open = open;
      for (const step of target.steps) if (!step.node.hidden) step.node.open = open;
    }
  };
  document.getElementById("unfold").addEventListener("click", () => fold(true));
  document.getElementById("fold").addEventListener("click", () => fold(false));

  // In the table of checks, a name narrows down to its check.
  for (const cell of document.querySelectorAll("[data-pick]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Show only this check";
    button.append(...cell.childNodes);
    cell.append(button);
    button.addEventListener("click", () => {
      form.elements.check.value = cell.dataset.pick;
      filter();
      form.scrollIntoView({ block: "start" });
    });
  }

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Where the clipboard is not open to pages, what is selected can be copied all the same.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      if (!done) throw new Error("not copied");
    }
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    const name = button.nextElementSibling.getAttribute("aria-label");
    let state = "done";
    try {
      await copied(button.nextElementSibling.textContent);
      shown.textContent = "Copied " + name;
    } catch {
      state = "failed";
      shown.textContent = "Could not copy " + name;
    }
    button.focus();
    button.classList.add(state);
    setTimeout(() => button.classList.remove(state), 1500);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      find.focus();
      find.select();
    } else if (event.key === "Escape" && event.target === find) {
      find.value = "";
      filter();
    }
  });

  // A link to a step unfolds it.
  const visit = () => {
    const node = /^#t\d+(-s\d+)?$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    for (let at = node; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (node) node.scrollIntoView();
  };
  addEventListener("hashchange", visit);

  document.documentElement.classList.add("js");
  form.hidden = false;
  filter();
  visit();
})();
