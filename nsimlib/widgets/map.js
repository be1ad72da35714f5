// The map in the page. What it shows and what a click means is decided in Python; here are only the
// hands: controls, clicks, keys, and the packet on its way.

const TRAVEL_MILLISECONDS = 1100;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A menu with a visible label; its choices come in groups. */
function menu(label, choose) {
  const select = element("select", { ariaLabel: label });
  select.addEventListener("change", () => choose(select.value));
  const show = (choices, value) => {
    const groups = Map.groupBy
      ? Map.groupBy(choices, ([group]) => group)
      : choices.reduce((all, each) => all.set(each[0], [...(all.get(each[0]) ?? []), each]), new Map());
    const options = (found) => found.map(([, text, own]) => element("option", { textContent: text, value: own }));
    select.replaceChildren(
      ...[...groups].flatMap(([group, found]) =>
        group ? [element("optgroup", { label: group }, ...options(found))] : options(found)),
    );
    select.value = value;
  };
  return { node: element("label", {}, element("span", { textContent: label }), select), show };
}

/** The end that lies nearest in the direction of an arrow key. */
function neighbour(ends, from, key) {
  const middle = (end) => {
    const { x, y, width, height } = end.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  };
  const [x, y] = middle(from);
  const along = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  const cost = (end) => {
    const [dx, dy] = [middle(end)[0] - x, middle(end)[1] - y];
    const ahead = dx * along[0] + dy * along[1];
    const aside = Math.abs(dx * along[1]) + Math.abs(dy * along[0]);
    return ahead > 1 ? ahead + 3 * aside : Infinity;
  };
  const best = ends.reduce((a, b) => (cost(b) < cost(a) ? b : a));
  return cost(best) < Infinity ? best : from;
}

/** Let the packet travel along the line; the sign where it stops appears when it is there. */
function travel(stage) {
  const [way, halo, packet, stop] = [".way", ".halo", ".packet", ".stop"].map((name) => stage.querySelector(name));
  if (!way || window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const length = way.getTotalLength();
  for (const line of [way, halo]) line.style.strokeDasharray = `${length}`;
  stop.style.visibility = "hidden";
  packet.style.display = "";
  let begin;
  const step = (now) => {
    if (!packet.isConnected) return;
    begin ??= now;
    const part = Math.min(1, (now - begin) / TRAVEL_MILLISECONDS);
    const eased = part < 0.5 ? 2 * part * part : 1 - 2 * (1 - part) ** 2;
    const { x, y } = way.getPointAtLength(eased * length);
    packet.setAttribute("transform", `translate(${x} ${y})`);
    for (const line of [way, halo]) line.style.strokeDashoffset = `${(1 - eased) * length}`;
    if (part < 1) return requestAnimationFrame(step);
    packet.style.display = "none";
    stop.style.visibility = "";
    stop.classList.add("arrived");
  };
  requestAnimationFrame(step);
}

function policyBox({ name, selects }, model, stage) {
  const box = element("input", { type: "checkbox", checked: model.get("on").includes(name) });
  box.dataset.policy = name;
  box.addEventListener("change", () => model.send({ toggle: name }));
  const label = element("label", {}, box, element("span", { textContent: name }));
  if (model.get("deciding").includes(name)) label.append(element("strong", { textContent: model.get("words").decides }));
  const light = (on) => () => {
    const chosen = new Set(on ? selects : []);
    for (const end of stage.querySelectorAll(".end")) end.classList.toggle("selected", chosen.has(end.dataset.end));
  };
  for (const [event, on] of [["pointerenter", true], ["focusin", true], ["pointerleave", false], ["focusout", false]])
    label.addEventListener(event, light(on));
  return label;
}

function render({ model, el }) {
  const words = model.get("words");
  const send = (trait) => (value) => model.send({ [trait]: value });
  const menus = {
    source: menu(words.from, send("source")),
    destination: menu(words.to, send("destination")),
    port: menu(words.port, send("port")),
    cni: menu(words.reading, send("cni")),
  };
  const again = element("button", { type: "button", textContent: `${words.send} \u25B8` });
  const bar = element("div", { className: "bar" }, ...Object.values(menus).map((each) => each.node), again);
  const stage = element("div", { className: "stage" });
  const status = element("div", { className: "status" });
  status.setAttribute("role", "status");
  const boxes = element("fieldset", { className: "policies" });
  const list = element("div", { className: "list" });
  const switches = ["all", "none"].map((which) => {
    const button = element("button", { type: "button", textContent: words[which] });
    button.addEventListener("click", () => model.send({ every: which === "all" }));
    return button;
  });
  boxes.append(element("legend", { textContent: words.policies }), element("div", { className: "every" }, ...switches), list);
  const reason = element("div", { className: "reason" });
  const why = element("details", { open: true }, element("summary", { textContent: words.reason }), reason);
  const help = element("div", { className: "help", textContent: words.help });
  el.classList.add("nsim-map-widget");
  el.replaceChildren(bar, help, stage, status, element("div", { className: "below" }, why, boxes));

  const ends = () => [...stage.querySelectorAll(".end")];
  const hold = (end) => {
    for (const each of ends()) each.setAttribute("tabindex", each === end ? "0" : "-1");
  };

  const draw = () => {
    const held = stage.contains(document.activeElement) ? document.activeElement.dataset.end : null;
    const last = stage.querySelector('[tabindex="0"]')?.dataset.end;
    stage.innerHTML = model.get("svg");
    const named = (name) => ends().find((end) => end.dataset.end === name);
    hold(named(held ?? last) ?? named(model.get("source")) ?? ends()[0]);
    if (held) named(held)?.focus({ preventScroll: true });
  };
  const say = () => {
    status.textContent = model.get("says");
    status.dataset.outcome = model.get("outcome");
    reason.innerHTML = model.get("reason");
  };
  const choices = () => {
    menus.source.show(model.get("sources"), model.get("source"));
    menus.destination.show(model.get("destinations"), model.get("destination"));
    menus.port.show(model.get("ports").map((port) => ["", port, port]), model.get("port"));
    menus.cni.show(model.get("readings").map((name) => ["", name, name]), model.get("cni"));
  };
  const policies = () => {
    const held = list.contains(document.activeElement) ? document.activeElement.dataset.policy : null;
    list.replaceChildren(...model.get("policies").map((each) => policyBox(each, model, stage)));
    for (const box of list.querySelectorAll("input")) {
      if (box.dataset.policy === held) box.focus();
    }
    boxes.hidden = model.get("policies").length === 0;
  };

  stage.addEventListener("click", (event) => {
    const end = event.target.closest(".end");
    if (!end) return;
    hold(end);
    end.focus({ preventScroll: true });
    model.send({ pick: end.dataset.end });
  });
  stage.addEventListener("keydown", (event) => {
    const end = event.target.closest(".end");
    if (!end) return;
    if (event.key === "Enter" || event.key === " ") model.send({ pick: end.dataset.end });
    else if (event.key === "Escape") model.send({ undo: true });
    else if (event.key.startsWith("Arrow")) {
      const next = neighbour(ends(), end, event.key);
      hold(next);
      next.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  // Small tiles bear no name; the end under the pointer or the focus is named in the line above.
  const name = (event) => {
    help.textContent = event.target.closest?.(".end")?.getAttribute("aria-label") ?? words.help;
  };
  for (const event of ["pointerover", "pointerleave", "focusin", "focusout"]) stage.addEventListener(event, name);
  again.addEventListener("click", () => travel(stage));

  const show = () => {
    draw();
    say();
    choices();
    policies();
    // The notebook's own shortcuts would take the arrow keys.
    for (const each of el.querySelectorAll("select, input, button, summary, .end")) each.dataset.lmSuppressShortcuts = "true";
  };
  const changed = () => { show(); travel(stage); };
  model.on("change:turn", changed);
  show();
  return () => model.off("change:turn", changed);
}

export default { render };
