// ipywidgets gives its radio buttons no common name, so no arrow key moves between them; and JupyterLab takes the keys of
// radio buttons and menus for its own: an arrow key would move the focus to another cell.
const OWN = ".widget-radio-box input, .widget-dropdown select";
const BESIDE = ".widget-vbox:has(.nsim-arrow-keys)";
let groups = 0;

function keep(event) {
  const control = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (!control.matches?.(OWN) || !control.closest(BESIDE)) return;
  const typed = event.key.length === 1 || /^(Arrow|Home|End|Page)/.test(event.key);
  if (!typed) return;
  event.stopPropagation();
  if (control.type === "radio" && !control.name) {
    groups += 1;
    for (const each of control.closest(".widget-radio-box").querySelectorAll("input"))
      each.name = `nsim-radio-${groups}`;
  }
}

export default {
  render({ el }) {
    el.classList.add("nsim-arrow-keys");
    if (window.nsimArrowKeys) return;
    window.nsimArrowKeys = true;
    window.addEventListener("keydown", keep, true);
  },
};
