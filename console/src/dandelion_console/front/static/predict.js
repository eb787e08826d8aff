// Each image is sent by itself, and its card comes back in a page, as it would without this script.
// The browser parses the answer; no text is made into markup here. Images are drawn on a canvas, so
// that the page needs no address for them.

const AT_ONCE = 3;
const WIDTH = 640;
const here = (id) => document.getElementById(id);
const intake = here("intake");
const results = here("results");
const waiting = [];
let busy = 0;

function ask(address, body, type, kind) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    if (type) request.setRequestHeader("Content-Type", type);
    request.responseType = kind;
    request.onload = () => resolve(request);
    request.onerror = () => reject(new Error("The console cannot be reached, or the file is gone."));
    request.send(body);
  });
}

// The answer as a page, or what it says is wrong.
async function page(address, body, type) {
  const answer = await ask(address, body, type, "document");
  // The login has ended: the page asks for another one, and leads back.
  if (answer.status === 401) location.reload();
  if (answer.status === 200 && answer.response) return answer.response;
  const problem = answer.response?.querySelector(".problem");
  throw new Error(problem?.textContent ?? `The console answered with status ${answer.status}.`);
}

function made(name, text, ...classes) {
  const element = document.createElement(name);
  element.textContent = text;
  element.classList.add(...classes);
  return element;
}

function say(text) {
  here("said").textContent = text;
}

async function drawn(blob, label) {
  const picture = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  const scale = Math.min(1, WIDTH / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return canvas;
}

// A browser may not know a format that the model reads, such as TIFF or HEIC.
const photo = (file) => drawn(file, file.name).catch(() => made("p", "No preview", "note"));

function add(files) {
  for (const file of files) {
    const card = made("li", "", "card", "waiting");
    card.append(made("h2", file.name, "file"), made("p", "Looking…", "verdict"));
    results.prepend(card);
    waiting.push(() => classify(file, card));
  }
  next();
}

async function next() {
  while (busy < AT_ONCE && waiting.length) {
    busy++;
    waiting.shift()().finally(() => {
      busy--;
      next();
    });
  }
}

async function classify(file, card) {
  let answer;
  try {
    answer = await page(intake.action, file, "application/octet-stream");
  } catch (error) {
    refused(file, card, error.message);
    return;
  }
  const found = document.importNode(answer.querySelector("#results > li"), true);
  found.querySelector(".file").textContent = file.name;
  const look = found.querySelector(".look");
  const shown = await photo(file);
  look.replaceChildren(shown);
  look.hidden = false;
  const explain = found.querySelector("form.explain");
  if (explain) {
    explain.hidden = false;
    explainable(explain, file, look, shown);
  }
  const feedback = found.querySelector("form.feedback");
  if (feedback) tellable(feedback);
  card.replaceWith(found);
  const verdict = found.querySelector(".verdict, .problem").textContent;
  const share = found.querySelector(".share")?.textContent ?? "";
  say(`${file.name}: ${verdict} ${share}`);
}

function refused(file, card, message) {
  const again = made("button", "Try again", "quiet");
  again.type = "button";
  again.addEventListener("click", () => {
    card.classList.replace("trouble", "waiting");
    card.replaceChildren(made("h2", file.name, "file"), made("p", "Looking…", "verdict"));
    waiting.push(() => classify(file, card));
    next();
  });
  card.classList.replace("waiting", "trouble");
  card.replaceChildren(made("h2", file.name, "file"), made("p", message, "problem"), again);
  say(`${file.name}: ${message}`);
}

function explainable(form, file, look, shown) {
  const button = form.querySelector("button");
  const choice = form.querySelector("select");
  const back = () => {
    look.replaceChildren(shown);
    button.textContent = "Explain";
  };
  choice.addEventListener("change", back);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!look.contains(shown)) return back();
    const label = choice.value;
    button.disabled = true;
    try {
      const address = `${form.action}?${new URLSearchParams({ label })}`;
      const answer = await ask(address, file, "application/octet-stream", "blob");
      if (answer.status !== 200) throw new Error(`The model does not explain it (${answer.status}).`);
      const heat = await drawn(answer.response, `What speaks for ${label} in ${file.name}`);
      const note = made("p", "The model sees this square. The brighter, the more it counts.", "note");
      look.replaceChildren(heat, note);
      button.textContent = "Show the photo";
      say(`What speaks for ${label} is shown.`);
    } catch (error) {
      tell(form, error.message, "problem");
    }
    button.disabled = false;
  });
}

function tellable(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const body = new URLSearchParams(new FormData(form, event.submitter));
      const answer = await page(form.action, body);
      tell(form, answer.querySelector(".told").textContent, "note");
    } catch (error) {
      tell(form, error.message, "problem");
    }
  });
}

function tell(form, text, kind) {
  if (form.nextElementSibling?.matches(".outcome")) form.nextElementSibling.remove();
  form.after(made("p", text, "outcome", kind));
  say(text);
}

function begin() {
  for (const input of [here("files"), here("camera")]) {
    input.addEventListener("change", () => take(input));
    // Chosen before this script was there; the button that would send it goes.
    if (input.files.length) take(input);
  }
  intake.querySelector("button").hidden = true;
  here("photo").hidden = here("how").hidden = false;

  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    add(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    add(event.clipboardData.files);
  });
}

function take(input) {
  add(input.files);
  // So that the same file can be chosen again.
  input.value = "";
}

if (intake) begin();
