// The view: who is shown, the reference, what is drawn, how the table is sorted and filtered. It stands in the address,
// so that it can be sent. Everything else of the page is there without this.
(async () => {
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), (letter) => letter.charCodeAt(0));
  const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(plain).json();
  const table = document.querySelector(".cells");
  const inOrder = [...table.tBodies]; // a cell each: its figures, and in a second row its reasons
  const number = new Map(data.entries.map((name, place) => [name, place]));
  const ratios = data.ratios.map((pairs) => new Map(pairs.map((pair) => [`${pair[0]} ${pair[1]}`, pair])));
  const narrowed = Object.fromEntries(data.axes.map((axis) => [`in-${axis}`, ""])); // rows at one value of an axis
  const usual = { show: data.usual, ref: data.reference, draw: data.sweeps[0]?.id ?? "", at: data.at,
    sort: "", filter: "", sure: "", everyone: "", shown: "", ...narrowed };
  const unsure = new Map(inOrder.map((row) => [`${row.dataset.point} ${row.dataset.entry}`, row.dataset.unsure ?? ""]));
  const opened = new Set(); // families whose list is open
  let view = { ...usual };
  const drawn = new Map(); // place of a chart -> what is drawn there: {chart, view}

  const changes = document.getElementById("shown-only"); // on the page of a gate
  const each = (selector, work) => document.querySelectorAll(selector).forEach(work);
  const make = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  };

  // --- the address ---------------------------------------------------------------------------------------------------
  function read() {
    const told = new URLSearchParams(location.hash.slice(1));
    const axis = (name) => [...document.querySelector(`[data-axis="${name}"]`)?.options ?? []].map((option) => option.value);
    const one = (name, known) => (known.includes(told.get(name)) ? told.get(name) : usual[name]);
    const named = told.get("show")?.split(",") ?? []; // each encoded, as a name may have a comma
    const known = data.entries.filter((name) => named.includes(encodeURIComponent(name)));
    return {
      show: known.length || told.get("show") === "" ? known : usual.show,
      ref: one("ref", data.entries),
      draw: one("draw", data.sweeps.map((sweep) => sweep.id)),
      at: one("at", data.spectra.map((spectrum) => spectrum.id)),
      sort: told.get("sort") ?? "",
      filter: told.get("filter") ?? "",
      sure: told.get("sure") === "1" ? "1" : "",
      everyone: told.get("everyone") === "1" ? "1" : "",
      shown: told.get("shown") === "1" ? "1" : "",
      ...Object.fromEntries(data.axes.map((name) => [`in-${name}`, one(`in-${name}`, axis(name))])),
    };
  }

  function write() {
    const told = new URLSearchParams();
    if (String(view.show) !== String(usual.show)) told.set("show", view.show.map(encodeURIComponent).join(","));
    for (const name of Object.keys(usual))
      if (name !== "show" && view[name] !== usual[name]) told.set(name, view[name]);
    const address = told.size ? `#${told}` : location.pathname + location.search;
    history.replaceState(null, "", address);
  }

  // --- ratios --------------------------------------------------------------------------------------------------------
  function toReference(rows) {
    const reference = new Map(rows.filter((row) => row.s === view.ref).map((row) => [row.i, row]));
    const last = new Map();
    const made = [];
    for (const row of rows) {
      const found = ratio(ratios[row.i], number.get(row.s), number.get(view.ref));
      if (!found) continue;
      const said = words(found);
      const other = reference.get(row.i);
      const doubts = [row.od, other && other !== row && other.od ? `of the reference: ${other.od}` : ""].filter(Boolean);
      const one = { ...row, w: said.w, f: said.w, b: said.b, y: found[0], low: found[1], high: found[2], l: false,
        h: row.oh || Boolean(other?.oh), d: doubts.join("; ") || "nothing" };
      last.set(row.s, one);
      made.push(one);
    }
    for (const one of last.values()) one.l = true;
    return made;
  }

  // --- charts --------------------------------------------------------------------------------------------------------
  const isNarrow = (place) => place.clientWidth < 560;
  const room = (place, { spec: { usermeta } }) =>
    Math.max(90, place.clientWidth - usermeta.beside + (isNarrow(place) ? usermeta.words ?? 0 : 0));

  const tall = ({ height, gap }) => Math.max(height, gap * view.show.length); // names at the lines' ends have room

  async function draw(place, chart) {
    const told = { actions: false, ast: true, renderer: "svg", defaultStyle: false, logLevel: 1, // errors: it warns of
      tooltip: { disableDefaultStyle: true } }; // charts in which nobody is shown
    const spec = structuredClone(chart.spec);
    spec.width = room(place, chart);
    if (spec.usermeta.gap) spec.height = tall(spec.usermeta);
    if (isNarrow(place) && spec.usermeta.words) spec.layer.pop(); // the figures at the ends of lines
    spec.params[0].value = view.show;
    if (chart.column === "ratio") spec.datasets.rows = toReference(chart.spec.datasets.rows);
    place.textContent = "";
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", chart.description);
    const { view: live } = await vegaEmbed(place, spec, told);
    place.querySelector("svg").setAttribute("aria-hidden", "true");
    live.addEventListener("click", (_, item) => {
      const who = item?.datum?.s ?? item?.datum?.value;
      if (number.has(who)) change({ ref: who });
    });
    drawn.set(place, { chart, live, rows: spec.datasets.rows });
    tell(place);
  }

  // On a narrow screen the figures at the lines' ends stand below; where nobody is chosen nothing is drawn.
  function tell(place) {
    const { chart, rows } = drawn.get(place);
    const list = place.parentElement.querySelector(".ends");
    const ends = rows.filter((row) => row.l && view.show.includes(row.s)).sort((one, other) => other.y - one.y);
    list.hidden = !(isNarrow(place) && chart.spec.usermeta.words && ends.length);
    list.textContent = list.hidden ? "" : `At the end of each line: ${ends.map((row) => `${row.s} ${row.w}`).join(", ")}.`;
    place.parentElement.hidden = view.show.length === 0;
  }

  function figure(chart, title, what) {
    const made = make("figure");
    const caption = make("figcaption", "", title);
    caption.append(make("span", "what", [what, chart.hint].filter(Boolean).join(" \u00b7 ")));
    const place = make("div", "chart");
    made.append(caption, place, make("p", "notes ends"));
    if (chart.notes?.length) made.append(make("p", "notes", `${chart.notes.join(". ")}.`));
    const how = document.getElementById(`read-${chart.column ?? "spectrum"}`);
    if (how) made.append(how.content.cloneNode(true));
    return [made, place];
  }

  async function drawAll(into, charts) {
    for (const place of drawn.keys()) if (into.contains(place)) { drawn.get(place).live.finalize(); drawn.delete(place); }
    into.textContent = "";
    const places = charts.map(([chart, title, what]) => {
      const [made, place] = figure(chart, title, what);
      into.append(made);
      return [place, chart];
    });
    for (const [place, chart] of places) await draw(place, chart);
  }

  const title = (chart) => (chart.column === "ratio" ? `Ratio to ${view.ref}` : chart.title);

  async function drawSweep() {
    const sweep = data.sweeps.find((one) => one.id === view.draw);
    if (sweep) await drawAll(document.getElementById("figures"), sweep.charts.map((chart) => [chart, title(chart), sweep.name]));
  }

  async function drawSpectrum() {
    const spectrum = data.spectra.find((one) => one.id === view.at);
    if (!spectrum) return;
    const rows = spectrum.lines.flatMap(({ points, ...line }) => points.map(([at, y], place) => ({
      ...line, at, y, l: place === points.length - 1, p: `1 in ${at} is slower`, f: duration(y), low: null, high: null, b: "none" })));
    const hint = "at a line's end: the slowest that can be told, and one in how many is slower still";
    const chart = { description: spectrum.description, hint, notes: spectrum.notes, spec: { ...data.spectrum, datasets: { rows } } };
    await drawAll(document.getElementById("spectra"), [[chart, "Percentiles, and how slow the slowest are", spectrum.name]]);
  }

  async function showSome() {
    for (const [place, { chart, live }] of drawn) {
      if (chart.spec.usermeta.gap) live.height(tall(chart.spec.usermeta));
      await live.signal("shown", view.show).runAsync();
      tell(place);
    }
  }

  async function redraw() {
    for (const [place, { chart, live }] of [...drawn]) {
      live.finalize();
      await draw(place, chart);
    }
  }

  async function refer() {
    for (const [place, { chart, live }] of [...drawn]) {
      if (chart.column !== "ratio") continue;
      live.finalize();
      place.parentElement.querySelector("figcaption").firstChild.textContent = title(chart);
      await draw(place, chart);
    }
    const head = document.querySelector('[data-column="ratio"] button');
    if (head) head.textContent = `ratio to ${view.ref}`;
    for (const row of inOrder) {
      const cell = row.querySelector(".of-ratio");
      const [point, one, other] = [Number(row.dataset.point), Number(row.dataset.entry), number.get(view.ref)];
      const found = cell && ratio(ratios[point], one, other);
      if (!cell) continue;
      const others = one === other ? "" : unsure.get(`${point} ${other}`);
      cell.textContent = found ? words(found).cell + (row.dataset.unsure || others ? " ?" : "") : "-";
      cell.dataset.order = found ? found[0] : "";
      row.querySelector(".of-reference")?.remove();
      if (others) {
        const line = document.getElementById("of-reference").content.cloneNode(true);
        line.querySelector("div").textContent = `ratio: the reference, ${view.ref}, is doubtful: ${others}`;
        row.append(line);
      }
    }
  }

  // --- the table -----------------------------------------------------------------------------------------------------
  const heads = [...document.querySelectorAll(".cells thead th")];

  function arrange() {
    const descends = view.sort.startsWith("-");
    const column = view.sort.replace(/^-/, "");
    const place = heads.findIndex((head) => head.dataset.column === column);
    const isNumber = place >= 0 && heads[place].classList.contains("number");
    heads.forEach((head, at) => {
      if (at === place) head.setAttribute("aria-sort", descends ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const key = (row) => row.rows[0].cells[place].dataset.order ?? row.rows[0].cells[place].textContent.trim();
    const sorted = place < 0 ? inOrder : [...inOrder].sort((one, other) => {
      const [a, b] = [key(one), key(other)];
      if (a === "" || b === "") return (a === "") - (b === ""); // what has no figure is last either way
      const ahead = isNumber ? Number(a) - Number(b) : a.localeCompare(b);
      return descends ? -ahead : ahead;
    });
    const wanted = view.filter.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = new Set(view.everyone ? [] : view.show.map((name) => String(number.get(name))));
    const isThere = (row) => data.axes.every((axis) => ["", row.getAttribute(`data-at-${axis}`)].includes(view[`in-${axis}`]));
    const isUsual = String(view.show) === String(usual.show);
    let count = 0;
    for (const row of sorted) {
      const text = row.textContent.toLowerCase();
      const isAsked = wanted.every((word) => text.includes(word)) && !(view.sure && row.classList.contains("doubtful")) && isThere(row);
      const isHere = isAsked && (view.everyone === "1" || chosen.has(row.dataset.entry));
      row.classList.toggle("unchosen", isAsked && !isHere && isUsual); // on paper they stand, where nobody has chosen
      row.hidden = !isHere;
      count += isHere;
    }
    table.append(...sorted);
    const said = `${count} of ${inOrder.length} rows`;
    const output = document.getElementById("count");
    if (output.textContent !== said) output.textContent = said;
  }

  // --- what changes when the view does -------------------------------------------------------------------------------
  function fill() {
    each('input[name="show"]', (box) => { box.checked = view.show.includes(box.value); });
    each('input[name="reference"]', (button) => { button.checked = button.value === view.ref; });
    each('input[name="sweep"]', (button) => { button.checked = button.value === view.draw; });
    const isPoint = document.getElementById("point");
    if (isPoint) isPoint.value = [...isPoint.options].some((option) => option.value === view.draw) ? view.draw : "";
    each("[data-axis]", (list) => { list.value = view[`in-${list.dataset.axis}`]; });
    document.getElementById("chosen").checked = !view.everyone;
    each(".nobody", (words) => { words.hidden = view.show.length > 0; });
    each("[data-family]", fold);
    if (document.getElementById("at")) document.getElementById("at").value = view.at;
    if (document.getElementById("filter").value.trim() !== view.filter) document.getElementById("filter").value = view.filter;
    document.getElementById("sure").checked = view.sure === "1";
    if (changes) changes.checked = view.shown === "1";
    each(".changes [data-open]", (row) => { row.hidden = view.shown === "1"; });
  }

  // Of a closed family only those stand in the list that are shown.
  function fold(family) {
    const members = data.families[family.dataset.family];
    const shown = members.filter((name) => view.show.includes(name)).length;
    const isOpen = opened.has(family.dataset.family);
    const box = family.querySelector('[name="family"]');
    [box.checked, box.indeterminate] = [shown === members.length, shown > 0 && shown < members.length];
    family.querySelector("button").setAttribute("aria-expanded", String(isOpen));
    family.querySelector(".many").textContent = `${shown} of ${members.length}`;
    for (const row of [...family.rows].slice(1))
      row.hidden = !isOpen && ![...row.querySelectorAll("input")].some((input) => input.checked);
  }

  let busy = Promise.resolve();
  function change(next, isFirst = false) {
    const before = view;
    view = { ...view, ...next };
    const differs = (name) => isFirst || String(view[name]) !== String(before[name]);
    fill();
    if (!isFirst) write();
    busy = busy.then(async () => {
      if (differs("ref")) await refer();
      if (["sort", "filter", "sure", "ref", "show", "everyone", ...Object.keys(narrowed)].some(differs)) arrange();
      if (differs("draw")) await drawSweep();
      if (differs("at")) await drawSpectrum();
      if (differs("show") && !isFirst) await showSome();
      if (differs("ref") && !isFirst) document.getElementById("said").textContent = `Ratios are to ${view.ref}.`;
      // what was drawn meanwhile has moved the place that was asked for
      if (isFirst && !isView()) document.getElementById(location.hash.slice(1))?.scrollIntoView({ behavior: "instant" });
      document.documentElement.dataset.ready = "1";
    });
    delete document.documentElement.dataset.ready;
    return busy;
  }

  function listen() {
    each("[data-show]", (button) => button.addEventListener("click", () => {
      const some = { all: data.entries, none: [], chapter: data.chapter, usual: data.usual }[button.dataset.show];
      change({ show: some });
    }));
    each('input[name="show"]', (box) => box.addEventListener("change", () => {
      const boxes = [...document.querySelectorAll('input[name="show"]')];
      change({ show: boxes.filter((one) => one.checked).map((one) => one.value) });
    }));
    each('input[name="family"]', (box) => box.addEventListener("change", () => {
      const members = data.families[box.value];
      change({ show: data.entries.filter((name) => (members.includes(name) ? box.checked : view.show.includes(name))) });
    }));
    each(".family button", (button) => button.addEventListener("click", () => {
      const family = button.closest("tbody");
      if (!opened.delete(family.dataset.family)) opened.add(family.dataset.family);
      fold(family);
    }));
    document.getElementById("point")?.addEventListener("change", (event) => change({ draw: event.target.value || usual.draw }));
    each("[data-axis]", (list) => list.addEventListener("change", () => change({ [`in-${list.dataset.axis}`]: list.value })));
    document.getElementById("chosen").addEventListener("change", (event) => change({ everyone: event.target.checked ? "" : "1" }));
    each('input[name="reference"]', (button) => button.addEventListener("change", () => change({ ref: button.value })));
    each('input[name="sweep"]', (button) => button.addEventListener("change", () => change({ draw: button.value })));
    document.getElementById("at")?.addEventListener("change", (event) => change({ at: event.target.value }));
    document.getElementById("filter").addEventListener("input", (event) => change({ filter: event.target.value.trim() }));
    document.getElementById("sure").addEventListener("change", (event) => change({ sure: event.target.checked ? "1" : "" }));
    changes?.addEventListener("change", () => change({ shown: changes.checked ? "1" : "" }));
    each("form", (form) => form.addEventListener("submit", (event) => event.preventDefault()));
    heads.forEach((head) => {
      const button = make("button", "", head.textContent);
      button.type = "button";
      button.title = head.title;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const column = head.dataset.column;
        change({ sort: view.sort === column ? `-${column}` : view.sort === `-${column}` ? "" : column });
      });
    });
    window.addEventListener("hashchange", () => { if (isView()) change(read()); });
    let [waiting, width] = [0, window.innerWidth];
    window.addEventListener("resize", () => {
      if (window.innerWidth === width) return; // a phone's address bar comes and goes
      width = window.innerWidth;
      clearTimeout(waiting);
      waiting = setTimeout(() => { busy = busy.then(redraw); }, 150);
    });
  }

  const isView = () => location.hash.includes("=") || location.hash === ""; // else it is a place on the page

  each(".live", (part) => { part.hidden = false; });
  if (window.matchMedia("(max-width: 760px)").matches) each(".entries", (list) => { list.open = false; });
  listen();
  change(isView() ? read() : {}, true);
})();
