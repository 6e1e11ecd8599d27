// Sends many files one after the other, each again until it has arrived: lines at a township's window drop.
// Every file has its id before it is sent, so one that arrived unnoticed is not stored twice.
"use strict";

const TRIES = 40, LONGEST = 15000;

function freshId() {
  // crypto.randomUUID is missing where a node is reached without TLS
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6] & 15 | 64;
  bytes[8] = bytes[8] & 63 | 128;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// true: it has arrived; false: it was refused
async function send(to, secrets, file, id, dropped) {
  for (let tried = 0; tried < TRIES; tried++) {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...secrets, file_id: id })) form.append(name, value);
    form.append("file", file);
    try {
      const answer = await fetch(to, { method: "POST", body: form, redirect: "manual", credentials: "same-origin" });
      if (answer.type === "opaqueredirect" || answer.ok) return true;
      if (answer.status < 500 && answer.status !== 429) return false;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    dropped();
    await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** tried, LONGEST)));
  }
  return false;
}

function start(section) {
  const form = section.querySelector("form"), input = form.querySelector("input[type=file]");
  const bar = form.querySelector("progress"), told = form.querySelector("[role=status]");
  const tell = (text, n, of) => { told.textContent = text.replace("{n}", n).replace("{of}", of); };
  const secrets = { csrf: form.elements.csrf.value, key: form.elements.key.value };
  section.hidden = false;
  input.addEventListener("change", async () => {
    const files = Array.from(input.files).sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    const arrived = [], refused = [];
    input.disabled = true;
    bar.hidden = false;
    bar.max = files.length;
    for (const [at, file] of files.entries()) {
      const id = freshId(), words = section.dataset;
      tell(words.sending, at + 1, files.length);
      const here = await send(section.dataset.files, secrets, file, id, () => tell(words.again, at + 1, files.length));
      (here ? arrived : refused).push(here ? id : file.name);
      bar.value = at + 1;
    }
    input.disabled = false;
    form.elements.file_id.value = arrived.join(" ");
    if (refused.length) tell(section.dataset.failed + refused.join(", "));
    else if (arrived.length) { tell(section.dataset.done); form.submit(); }
  });
}

start(document.getElementById("many"));
