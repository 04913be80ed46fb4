(function () {
  "use strict";
  function all(selector, root) { return Array.prototype.slice.call((root || document).querySelectorAll(selector)); }
  function button(text, className) {
    var b = document.createElement("button");
    b.type = "button";
    b.className = className;
    b.textContent = text;
    return b;
  }

  // A link to a requirement opens what it points at.
  function reveal() {
    var at = null;
    try { at = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch (e) { return; }
    if (!at) { return; }
    all("details", at).forEach(function (d) { d.open = true; });
  }
  window.addEventListener("hashchange", reveal);
  reveal();

  // Remedies can be copied.
  all(".remedy").forEach(function (figure) {
    var b = button("Copy", "copy"), pre = figure.querySelector("pre");
    b.setAttribute("aria-label", "Copy the remedy of " + figure.dataset.id);
    function said(word) {
      b.textContent = word;
      setTimeout(function () { b.textContent = "Copy"; }, 2000);
    }
    function byHand() {
      var range = document.createRange(), selection = getSelection();
      range.selectNodeContents(pre);
      selection.removeAllRanges();
      selection.addRange(range);
      said(document.execCommand("copy") ? "Copied" : "Selected");
    }
    b.addEventListener("click", function () {
      if (!navigator.clipboard) { byHand(); return; }
      navigator.clipboard.writeText(pre.textContent).then(function () { said("Copied"); }, byHand);
    });
    figure.querySelector("figcaption").appendChild(b);
  });

  // The counts filter the table below, and so does a word.
  var tools = document.querySelector(".tools");
  if (!tools) { return; }
  tools.hidden = false;
  var input = tools.querySelector("input"), status = tools.querySelector("[role=status]"), expand = tools.querySelector(".quiet");
  var rows = all(".reqs tbody tr"), chips = [];
  function apply() {
    var words = chips.filter(function (c) { return c.getAttribute("aria-pressed") === "true"; }).map(function (c) { return c.dataset.word; });
    var text = input.value.trim().toLowerCase(), shown = 0;
    rows.forEach(function (row) {
      var hit = (!words.length || words.indexOf(row.dataset.word) >= 0) && (!text || row.textContent.toLowerCase().indexOf(text) >= 0);
      row.hidden = !hit;
      shown += hit ? 1 : 0;
    });
    all(".family").forEach(function (f) { f.hidden = !f.querySelector("tbody tr:not([hidden])"); });
    status.textContent = words.length || text ? shown + " of " + rows.length + " shown" : "";
  }
  all(".filter .chip").forEach(function (span) {
    var b = document.createElement("button");
    b.type = "button";
    b.className = span.className;
    b.dataset.word = span.dataset.word;
    b.setAttribute("aria-pressed", "false");
    while (span.firstChild) { b.appendChild(span.firstChild); }
    b.addEventListener("click", function () {
      b.setAttribute("aria-pressed", String(b.getAttribute("aria-pressed") !== "true"));
      apply();
    });
    span.replaceWith(b);
    chips.push(b);
  });
  input.addEventListener("input", apply);
  input.addEventListener("keydown", function (e) { if (e.key === "Escape") { input.value = ""; apply(); } });
  expand.addEventListener("click", function () {
    var open = expand.getAttribute("aria-pressed") !== "true";
    all(".reqs details").forEach(function (d) { d.open = open; });
    expand.setAttribute("aria-pressed", String(open));
    expand.textContent = open ? "Close all" : "Open all";
  });

  // Paper can't be clicked.
  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = all("details:not([open])");
    closed.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () { closed.forEach(function (d) { d.open = false; }); });
})();
