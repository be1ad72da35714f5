// The start page. JupyterLite keeps what a learner writes in an IndexedDB of this browser, one
// record a file; this page reads and writes the same records. It sends nothing.

const data = JSON.parse(document.getElementById("data").textContent);
const STORE = "files";
const FOLDER = "my-cluster";
const FORMAT = 1;

// ---- the browser's storage ----

function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(data.storage);
    // JupyterLite adds its other stores when it opens a database that lacks them.
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new Error("another tab is using the storage; close it"));
  });
}

async function within(mode, work) {
  const database = await opened();
  try {
    const transaction = database.transaction(STORE, mode);
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
    const asked = work(transaction.objectStore(STORE));
    await done;
    return asked?.result;
  } finally {
    database.close();
  }
}

const read = path => within("readonly", files => files.get(path));

async function readAll() {
  const paths = await within("readonly", files => files.getAllKeys());
  const records = await within("readonly", files => files.getAll());
  return Object.fromEntries(paths.map((path, i) => [path, records[i]]));
}

function record(path, content, format, type = "file") {
  const now = new Date().toISOString();
  const mimetype = format === "json" ? "application/json" : "text/plain";
  const size = typeof content === "string" ? content.length : JSON.stringify(content)?.length ?? 0;
  const name = path.split("/").at(-1);
  return { name, path, type, format, mimetype, content, size, writable: true, created: now, last_modified: now };
}

const folder = path => ({ ...record(path, null, "json", "directory"), mimetype: "" });

function textOf(found) {
  if (found.format === "base64") {
    return new TextDecoder().decode(Uint8Array.from(atob(found.content), c => c.charCodeAt(0)));
  }
  return typeof found.content === "string" ? found.content : JSON.stringify(found.content);
}

// ---- progress ----

async function progress() {
  const found = await read(data.progress);
  if (found) return JSON.parse(textOf(found));
  const fresh = await (await fetch(`files/${data.progress}`)).json();
  // Exercises have variants: this learner's are not the neighbour's.
  fresh.seed = 1 + crypto.getRandomValues(new Uint32Array(1))[0] % 0x7fffffff;
  const made = record(data.progress, JSON.stringify(fresh), "text");
  await within("readwrite", files => files.put(made, data.progress));
  return fresh;
}

function show(done) {
  for (const lesson of data.lessons) {
    const bets = lesson.bets.filter(id => id in done.bets).length;
    const solved = lesson.exercises.filter(id => done.work[id]?.solved).length;
    const begun = bets + lesson.exercises.filter(id => id in done.work).length > 0;
    const place = document.querySelector(`[data-slug="${lesson.slug}"] .done`);
    const complete = lesson.exercises.length > 0 && solved === lesson.exercises.length;
    place.className = `done ${complete ? "complete" : begun ? "begun" : ""}`;
    const exercises = `${solved} of ${lesson.exercises.length} exercises solved`;
    place.textContent = complete ? `✓ ${exercises}` : begun ? exercises : "not begun";
  }
}

// ---- tracks ----

function choose(track) {
  for (const button of document.querySelectorAll("[data-track]")) {
    button.setAttribute("aria-pressed", String(button.dataset.track === track));
  }
  for (const lesson of data.lessons) {
    const row = document.querySelector(`[data-slug="${lesson.slug}"]`);
    row.hidden = track !== "" && !lesson.tracks.includes(track);
  }
}

// ---- one's own cluster ----

async function takeDumps(chosen) {
  const dumps = [...chosen].filter(file => /\.(json|ya?ml)$/i.test(file.name));
  if (!dumps.length) return tell("A dump is a file that ends in .json, .yaml or .yml.");
  const texts = await Promise.all(dumps.map(file => file.text()));
  const records = dumps.map((file, i) => record(`${FOLDER}/${file.name}`, texts[i], "text"));
  records.push(folder(FOLDER));
  const dump = dumps.length === 1 ? dumps[0].name : ".";
  for (const name of data.own) {
    const notebook = await (await fetch(`files/audit/${name}`)).json();
    records.push(record(`${FOLDER}/${name}`, asking(notebook, dump), "json", "notebook"));
  }
  await within("readwrite", files => records.forEach(each => files.put(each, each.path)));
  tell(`${dumps.map(file => file.name).join(", ")}: kept in this browser. Open one of the notebooks below the file field.`);
  await showOwn();
}

function asking(notebook, dump) {
  // Written as in Python; JSON has the same form for text.
  const line = `dump = ${JSON.stringify(dump)}  # yours, from the start page`;
  for (const cell of notebook.cells) {
    if (!cell.metadata.tags?.includes("parameters")) continue;
    cell.source = [cell.source].flat().join("").replace(/^dump = .*$/m, () => line);
  }
  return notebook;
}

async function showOwn() {
  const own = Object.values(await readAll())
    .filter(each => each.path.startsWith(`${FOLDER}/`) && each.type === "notebook");
  const place = document.getElementById("own");
  place.replaceChildren(...own.map(each => {
    const link = document.createElement("a");
    link.href = `lab/index.html?path=${encodeURI(each.path)}`;
    link.textContent = [each.content.cells[0].source].flat().join("").split("\n")[0].replace(/^# /, "");
    const item = document.createElement("li");
    item.append(link);
    return item;
  }));
}

// ---- one's own work ----

async function save() {
  const content = { nsimlib: FORMAT, saved: new Date().toISOString(), files: await readAll() };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(content)], { type: "application/json" }));
  link.download = "nsimlib-work.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function bringBack(file) {
  let content;
  try {
    content = JSON.parse(await file.text());
  } catch {
    content = {};
  }
  const files = content?.files;
  const whole = each => typeof each?.path === "string" && "content" in each;
  if (content?.nsimlib !== FORMAT || !files || !Object.values(files).every(whole)) {
    return tell(`${file.name} is not a file that "Save my work as a file" wrote. Nothing was changed.`);
  }
  const here = await readAll();
  const replaced = Object.keys(files).filter(path => path in here && path !== data.progress);
  if (replaced.length && !confirm(`Replace ${replaced.length} files of this browser?\n${replaced.join("\n")}`)) return;
  await within("readwrite", store => Object.entries(files).forEach(([path, each]) => store.put(each, path)));
  tell(`${Object.keys(files).length} files are back.`);
  await refresh();
}

async function erase() {
  if (!confirm("Erase all that you wrote and solved here? Save it as a file first if you want to keep it.")) return;
  await within("readwrite", files => files.clear());
  tell("All erased. Lessons are as they were.");
  await refresh();
}

// ---- the page ----

function tell(text) {
  const notice = document.getElementById("notice");
  notice.textContent = text;
  notice.hidden = false;
  notice.scrollIntoView({ block: "nearest" });
}

async function refresh() {
  show(await progress());
  await showOwn();
}

const failed = error => tell(`This browser does not let the page keep anything: ${error?.message ?? error}`);
const on = (id, event, work) =>
  document.getElementById(id).addEventListener(event, happened => Promise.resolve(work(happened)).catch(failed));

for (const button of document.querySelectorAll("[data-track]")) {
  button.addEventListener("click", () => choose(button.dataset.track));
}
on("export", "click", save);
on("erase", "click", erase);
on("import", "change", event => bringBack(event.target.files[0]));
on("dump", "change", event => takeDumps(event.target.files));
on("drop", "drop", event => {
  event.preventDefault();
  event.currentTarget.classList.remove("over");
  return takeDumps(event.dataTransfer.files);
});
on("drop", "dragover", event => {
  event.preventDefault();
  event.currentTarget.classList.add("over");
});
on("drop", "dragleave", event => event.currentTarget.classList.remove("over"));
// Work done in another tab shows when one comes back.
addEventListener("pageshow", () => refresh().catch(failed));
document.addEventListener("visibilitychange", () => document.hidden || refresh().catch(failed));
navigator.storage?.persist?.();
