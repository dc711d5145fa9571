// What only the browser can do for the chat: keep its own secret, remember the theme, keep an unsent draft and which
// files wait to go with it, and copy to the clipboard. Runs once per page; everything it listens for is delegated from the document, because Streamlit
// replaces the elements below it.

const SECRET = "parlanchina-secret";
const DRAFT = "parlanchina-draft:";
const WAITING = "parlanchina-waiting:";
const THEME = /^stActiveTheme-.*-v\d+$/;

export default function (component) {
  const { data, setStateValue, setTriggerValue } = component;
  const page = (window.parlanchina ??= start(data.session));

  page.session = data.session;
  if (data.theme) setTheme(data.theme);
  const known = { secret: data.wantsSecret ? secret() : null, theme: currentTheme() };
  const text = JSON.stringify(known);
  if (text !== data.known) setStateValue("browser", text);
  else if (data.waiting) rememberWaiting(page, data.waiting);
  else tellWaiting(page, setTriggerValue);
}

function start(session) {
  const page = { session, hasTyped: false };
  document.addEventListener("click", onClick);
  document.addEventListener("input", (event) => (page.hasTyped ||= event.target === composer()), true);
  for (const kind of ["input", "keyup", "click"]) {
    document.addEventListener(kind, () => keepDraftSoon(page), true);
  }
  addEventListener("pagehide", () => page.keeping && keepDraft(page)); // what was typed in the last moment
  restoreDraft(page);
  return page;
}

// The secret makes this browser the owner of its sessions. It never leaves but over the app's own socket.

function secret() {
  let kept = null;
  try {
    kept = localStorage.getItem(SECRET);
  } catch {
    kept = window.parlanchina.secret; // storage is refused: the chats last as long as this page
  }
  if (!/^[0-9a-f]{64}$/.test(kept ?? "")) {
    kept = [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  window.parlanchina.secret = kept;
  try {
    localStorage.setItem(SECRET, kept);
  } catch {
    /* see above */
  }
  return kept;
}

// Streamlit keeps the theme for each page's path and reads it when the page loads.

function themeKeys() {
  const here = "stActiveTheme-" + location.pathname + "-v2";
  const all = Object.keys(localStorage).filter((key) => THEME.test(key));
  return new Set([here, ...all]);
}

function currentTheme() {
  try {
    return JSON.parse(localStorage.getItem("stActiveTheme-" + location.pathname + "-v2")) ?? "System";
  } catch {
    return "System";
  }
}

function setTheme(name) {
  if (name === currentTheme()) return;
  try {
    for (const key of themeKeys()) localStorage.setItem(key, JSON.stringify(name));
  } catch {
    return; // without storage the system's theme stays
  }
  location.reload();
}

// A draft is what stands in the composer and was not sent: it survives a reload and a closed tab.

function composer() {
  return document.querySelector(".st-key-prompt textarea");
}

function keepDraftSoon(page) {
  clearTimeout(page.keeping);
  page.draftOf = page.session; // a moment later another session may be open
  page.keeping = setTimeout(() => keepDraft(page), 50);
}

function keepDraft(page) {
  clearTimeout(page.keeping);
  page.keeping = null;
  const field = composer();
  if (!field) return;
  const key = DRAFT + page.draftOf;
  try {
    if (field.value) localStorage.setItem(key, field.value);
    else localStorage.removeItem(key);
  } catch {
    /* storage is full or refused: the field itself still has the text */
  }
}

function restoreDraft(page) {
  let draft = null;
  try {
    draft = localStorage.getItem(DRAFT + page.session); // now: what is typed and sent from here on is no draft
  } catch {
    return;
  }
  if (!draft) return;
  let tries = 0;
  const timer = setInterval(() => {
    const field = composer();
    if (!field && ++tries < 100) return;
    clearInterval(timer);
    if (!field || field.value || page.hasTyped) return;
    const setter = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set;
    setter.call(field, draft); // React must hear of it as of typing
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }, 100);
}

// Files that wait for the next message are with the app; which they are is kept here, beside the draft.

function rememberWaiting(page, ids) {
  const key = ids.length ? WAITING + page.session : null;
  try {
    if (page.waitingAt && page.waitingAt !== key) localStorage.removeItem(page.waitingAt); // sent, or gone along
    if (key) localStorage.setItem(key, JSON.stringify(ids));
  } catch {
    return; // storage is full or refused: the files wait as long as this page
  }
  page.waitingAt = key;
}

function tellWaiting(page, setTriggerValue) {
  const key = WAITING + page.session;
  let ids = null;
  try {
    ids = JSON.parse(localStorage.getItem(key));
  } catch {
    return;
  }
  if (!ids?.length) return;
  page.waitingAt = key;
  setTriggerValue("waiting", ids);
}

// Copy buttons: on code blocks and tables (made by the renderer) and under each reply.

function onClick(event) {
  const target = event.target instanceof Element ? event.target : null;
  const code = target?.closest(".pc-copy");
  const table = target?.closest(".pc-csv");
  const reply = target?.closest('[class*="st-key-copy_"] button');
  if (code) copy(code.closest(".pc-code")?.querySelector("code")?.textContent ?? "", () => code);
  else if (table) copy(csv(table.closest(".pc-table")?.querySelector("table")), () => table);
  else if (reply) {
    const id = /st-key-copy_([A-Za-z0-9_-]+)/.exec(reply.closest('[class*="st-key-copy_"]').className)?.[1];
    const raw = () => document.querySelector(`.pc-raw-${CSS.escape(id)}`)?.textContent;
    const button = () => document.querySelector(`.st-key-copy_${CSS.escape(id)} button`); // a run may replace it
    copy(raw() ?? appearing(raw), button, "again");
  }
}

// A reply's Markdown is in the page from the first click on *Copy* on: the click itself asks the app for it.

function appearing(look) {
  return new Promise((resolve, reject) => {
    let left = 100;
    const timer = setInterval(() => {
      const text = look();
      if (text === undefined && --left > 0) return;
      clearInterval(timer);
      if (text === undefined) reject(new Error("it did not come"));
      else resolve(text);
    }, 50);
  });
}

async function copy(text, find, otherwise = "failed") {
  const done = await written(text).catch(() => false);
  const button = find();
  if (!button) return;
  button.dataset.pcCopy = done ? "copied" : otherwise;
  setTimeout(() => delete button.dataset.pcCopy, done ? 1500 : 3000);
}

async function written(text) {
  if (text instanceof Promise) {
    const blob = text.then((came) => new Blob([came], { type: "text/plain" }));
    try {
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]); // begun while the click counts
      return true;
    } catch {
      text = await text; // where this is refused, a second click has the text at once
    }
  }
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page served over plain HTTP from another machine has no clipboard API.
    const field = document.createElement("textarea");
    field.value = text;
    field.style.position = "fixed";
    field.style.opacity = "0";
    document.body.append(field);
    field.select();
    const ok = document.execCommand("copy");
    field.remove();
    return ok;
  }
}

function csv(table) {
  const cell = (text) => {
    // A spreadsheet would run a cell that begins like a formula.
    const safe = /^[=+\-@\t]/.test(text) && !/^[+-]?[\d.,]+%?$/.test(text) ? "'" + text : text;
    return /[",\r\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  };
  const rows = [...(table?.rows ?? [])].map((row) => [...row.cells].map((c) => cell(c.innerText.trim())));
  const width = Math.max(0, ...rows.map((row) => row.length)); // a row may leave out its last, empty cells
  return rows.map((row) => [...row, ...Array(width - row.length).fill("")].join(",")).join("\r\n");
}
