// Puts the page together: how images come in, and where their cards go.

import { Camera } from "./camera.js";
import { Card } from "./card.js";
import { Service } from "./service.js";

const element = (id) => document.getElementById(id);
const cards = [];

const service = new Service(showState, askForToken);
const camera = new Camera(element("capture"), (picture) => add([picture]));

function add(files) {
  const added = Array.from(files, (file) => new Card(element("card"), file, service, say));
  if (!added.length) return;
  // The newest first: what was just added is where people look.
  cards.unshift(...added);
  element("cards").prepend(...added.map((card) => card.element));
  element("results").hidden = false;
  for (const card of added) card.classify();
}

function clear() {
  for (const card of cards.splice(0)) card.discard();
  element("results").hidden = true;
  say("Cleared.");
  element("drop").focus();
}

function showState({ ready, text, model }) {
  const state = element("state");
  state.classList.toggle("ready", ready);
  if (ready) {
    element("name").textContent = model.name;
    document.title = `${model.name} · Dandelion`;
    state.textContent = `Version ${model.version} is ready.`;
  } else {
    state.textContent = `Not ready yet. ${text} Images wait until it is.`;
  }
}

function askForToken(refusal) {
  element("access-why").textContent = refusal.message;
  element("access").hidden = false;
  element("token").value = "";
  element("token").focus();
  showWaiting();
}

function showWaiting() {
  for (const card of cards) card.showWaiting();
}

function say(text) {
  element("said").textContent = text;
}

element("drop").addEventListener("click", () => element("files").click());
element("camera").addEventListener("click", () => camera.open());
element("clear").addEventListener("click", clear);
for (const input of [element("files"), element("capture")]) {
  input.addEventListener("change", () => {
    add(input.files);
    // So that the same file can be chosen again.
    input.value = "";
  });
}

element("access").addEventListener("submit", (event) => {
  event.preventDefault();
  element("access").hidden = true;
  service.unlock(element("token").value.trim());
  showWaiting();
  element("token").value = "";
  element("drop").focus();
});

document.addEventListener("paste", (event) => {
  if (!event.clipboardData?.files.length) return;
  event.preventDefault();
  add(event.clipboardData.files);
});

let over = 0;
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
const mark = () => document.body.classList.toggle("dropping", over > 0);
document.addEventListener("dragenter", (event) => {
  if (carriesFiles(event)) over++;
  mark();
});
document.addEventListener("dragleave", (event) => {
  if (carriesFiles(event)) over = Math.max(0, over - 1);
  mark();
});
document.addEventListener("dragover", (event) => {
  if (carriesFiles(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  over = 0;
  mark();
  if (!carriesFiles(event)) return;
  event.preventDefault();
  add(event.dataTransfer.files);
});

element("curl").textContent = `curl -F file=@photo.jpg ${new URL("predict", document.baseURI)}`;
