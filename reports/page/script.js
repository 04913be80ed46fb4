(function () {
  "use strict";
  function all(selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); }
  function byId(id) { return document.getElementById(id); }

  // Remedies and commands can be copied: the commands alone where there are any, else the words.
  function textOf(box) {
    var pre = all(".copied pre", box);
    return (pre.length ? pre : all(".copied p", box)).map(function (e) { return e.textContent; }).join("\n");
  }
  function copy(box, said) {
    var text = textOf(box);
    function byHand() {
      var area = document.createElement("textarea"), back = document.activeElement;
      area.value = text;
      area.className = "visually-hidden";
      document.body.appendChild(area);
      area.select();
      var done = document.execCommand("copy");
      area.remove();
      if (back) { back.focus(); }
      said(done ? "Copied" : "Not copied");
    }
    if (!navigator.clipboard) { byHand(); return; }
    navigator.clipboard.writeText(text).then(function () { said("Copied"); }, byHand);
  }
  all(".remedy").forEach(function (box) {
    var b = document.createElement("button"), what = box.dataset.what || "remedy";
    b.type = "button";
    b.className = "copy";
    b.textContent = "Copy";
    b.setAttribute("aria-label", "Copy the " + what + " of " + box.dataset.of);
    b.addEventListener("click", function () {
      copy(box, function (word) {
        b.textContent = word;
        setTimeout(function () { b.textContent = "Copy"; }, 2000);
      });
    });
    (box.querySelector("figcaption") || box).appendChild(b);
  });

  // Paper can't be clicked: what isn't met is printed open, but for whole requests and answers, which the evidence has; the
  // rest as it stands. What a filter hides is printed all the
  // same: a page that looks green must be green.
  var closed = [];
  function unmet(l) { return ["passed", "not applicable", "waived"].indexOf(l.dataset.word) < 0; }
  window.addEventListener("beforeprint", function () {
    closed = all("details:not(.exchange):not([open])").filter(function (d) { return !d.closest(".line") || unmet(d.closest(".line")); });
    closed.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () { closed.forEach(function (d) { d.open = false; }); });

  var tools = document.querySelector(".tools");
  if (!tools) { return; }
  tools.hidden = false;
  var input = byId("word"), family = byId("family"), expand = byId("all"), none = document.querySelector(".none");
  var status = tools.querySelector("[role=status]"), chips = all(".chip", tools), lines = all(".line"), families = all(".family"), texts = null;

  // Outcomes, a family and words filter together.
  function apply() {
    var words = chips.filter(function (c) { return c.getAttribute("aria-pressed") === "true"; }).map(function (c) { return c.dataset.word; });
    var sought = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    if (sought.length && !texts) { texts = lines.map(function (l) { return l.textContent.toLowerCase(); }); }
    lines.forEach(function (line, i) {
      var hit = (!words.length || words.indexOf(line.dataset.word) >= 0) && (!family.value || line.closest(".family").dataset.family === family.value) &&
        sought.every(function (w) { return texts[i].indexOf(w) >= 0; });
      line.classList.toggle("out", !hit);
      shown += hit ? 1 : 0;
    });
    families.forEach(function (f) { f.classList.toggle("out", !f.querySelector(".line:not(.out)")); });
    none.hidden = shown > 0;
    status.textContent = shown < lines.length ? shown + " of " + lines.length + " shown" : "";
  }
  function reset() {
    chips.forEach(function (c) { c.setAttribute("aria-pressed", "false"); });
    input.value = family.value = "";
    apply();
  }
  chips.forEach(function (c) {
    c.addEventListener("click", function () {
      c.setAttribute("aria-pressed", String(c.getAttribute("aria-pressed") !== "true"));
      apply();
    });
  });
  input.addEventListener("input", apply);
  family.addEventListener("change", apply);
  byId("reset").addEventListener("click", function () { reset(); input.focus(); });
  function openAll() {
    var open = expand.getAttribute("aria-pressed") !== "true";
    all(".line > details").forEach(function (d) { d.open = open; });
    expand.setAttribute("aria-pressed", String(open));
    expand.textContent = open ? "Close all" : "Open all";
  }
  expand.addEventListener("click", openAll);

  // A link to a requirement opens it, even if a filter hides it.
  function reveal() {
    var at = null;
    try { at = byId(decodeURIComponent(location.hash.slice(1))); } catch (e) { return; }
    if (!at || !at.classList.contains("line")) { return; }
    if (at.classList.contains("out")) { reset(); }
    at.firstElementChild.open = true;
    at.scrollIntoView();
    at.querySelector("summary").focus({preventScroll: true});
  }
  window.addEventListener("hashchange", reveal);
  document.addEventListener("click", function (e) {
    var a = e.target.closest && e.target.closest("a[href^='#']");
    if (a && a.getAttribute("href") === location.hash) { setTimeout(reveal); } // no change of the hash, and yet a wish to go there
  });
  reveal();

  // Single keys, which can be turned off: whoever speaks to the machine would press them unawares (WCAG 2.2, 2.1.4).
  var help = byId("keyhelp"), single = byId("single");
  byId("keys").addEventListener("click", function () { help.showModal(); });
  function go(step, wanted) {
    var there = lines.filter(function (l) { return !l.classList.contains("out") && (!wanted || wanted(l)); });
    var at = document.activeElement.closest(".line"), from = at ? lines.indexOf(at) : step > 0 ? -1 : lines.length;
    if (step < 0) { there.reverse(); }
    var next = there.find(function (l) { return step > 0 ? lines.indexOf(l) > from : lines.indexOf(l) < from; }) || there[0];
    if (!next) { return; }
    next.querySelector("summary").focus({preventScroll: true});
    next.scrollIntoView({block: "nearest"});
  }
  document.addEventListener("keydown", function (e) {
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) && e.target.type !== "checkbox";
    if (e.ctrlKey || e.metaKey || e.altKey || help.open) { return; }
    if (e.key === "Escape") { reset(); return; }
    if (typing || !single.checked) { return; }
    var line = e.target.closest && e.target.closest(".line");
    switch (e.key) {
    case "/": input.focus(); input.select(); break;
    case "j": go(1); break;
    case "k": go(-1); break;
    case "n": go(1, unmet); break;
    case "o": openAll(); break;
    case "?": help.showModal(); break;
    case "c":
      var b = line && line.querySelector(".remedy .copy");
      if (b) { line.firstElementChild.open = true; b.click(); }
      break;
    default: return;
    }
    e.preventDefault();
  });
})();
