// One image after the other, as fast as a person is. The next ones are fetched meanwhile; what was
// chosen is sent behind the next image's back, in order. Without this script the form does the same,
// a page for each image.

const AHEAD = 3;
const form = document.getElementById("review");

function start() {
  const items = JSON.parse(form.dataset.items);
  const people = Number(form.dataset.people);
  const digits = Number(form.dataset.digits);
  const buttons = [...form.querySelectorAll('button[value^="label:"]')];
  const part = (id) => document.getElementById(id);
  const stage = part("stage");
  const pictures = new Map();
  const outbox = [];
  let position = 0;
  let decided = 0;
  let sending = false;

  part("moves").hidden = false;

  function picture(index) {
    if (index >= items.length) return null;
    if (!pictures.has(index)) {
      const made = index === 0 ? stage.querySelector("img") : new Image();
      made.addEventListener("error", () => failed(made, items[index]));
      if (index > 0) {
        made.alt = "The image to review";
        made.src = form.dataset.images + items[index].image;
      } else if (made.complete && !made.naturalWidth) {
        failed(made, items[index]);
      }
      pictures.set(index, made);
    }
    return pictures.get(index);
  }

  // What this browser cannot show is asked for once more, as a model sees it.
  function failed(image, item) {
    if (!image.dataset.state) {
      image.dataset.state = "rendered";
      image.src = `${form.dataset.images}${item.image}?rendered=true`;
      return;
    }
    image.dataset.state = "failed";
    if (items[position] === item) unshown();
  }

  function unshown() {
    complain("This image cannot be shown: leave it, and review it with review export.");
  }

  function show() {
    const item = items[position];
    part("end").hidden = Boolean(item);
    form.hidden = !item;
    if (!item) return finish();
    for (const name of ["id", "index", "image", "where", "source"]) form.elements[name].value = item[name];
    form.elements.answered.value = item.label;
    const shown = picture(position);
    stage.replaceChildren(shown);
    part("answered").textContent = item.label;
    part("sure").textContent = `${(item.probability * 100).toFixed(1)} %`;
    part("doubt").textContent = item.unknown ? "perhaps none of its classes" : "";
    part("told").textContent = item.told ? `somebody sent back: ${item.told}` : "";
    part("people").textContent = people > 1 ? `${item.people} of ${people} people so far` : "";
    part("count").textContent = `${items.length - position} on this page`;
    part("back").disabled = position === 0;
    label(item);
    if (shown.dataset.state === "failed") unshown();
    else complain("");
    for (let next = position + 1; next <= position + AHEAD; next += 1) picture(next);
    for (const old of pictures.keys()) if (old < position - 1) pictures.delete(old);
  }

  // Few classes keep their places. Of many, the most probable others have the buttons.
  function label(item) {
    if (item.classes.length <= digits) return;
    form.elements.other.value = "";
    buttons.forEach((button, index) => {
      const likely = item.likely[index];
      button.hidden = likely === undefined;
      button.value = button.hidden ? "" : `label:${likely}`;
      button.firstElementChild.textContent = likely ?? "";
    });
  }

  // Nobody decides about what is not there yet.
  const seen = () => !form.hidden && picture(position)?.complete && picture(position).naturalWidth > 0;

  function choose(choice) {
    if (!seen()) return;
    const fields = new URLSearchParams(new FormData(form));
    fields.set("choice", choice);
    outbox.push(fields);
    decided += 1;
    move(1);
    send();
  }

  function move(steps) {
    position = Math.min(Math.max(position + steps, 0), items.length);
    show();
  }

  function complain(words, again = false) {
    part("problem").textContent = words;
    part("problem").hidden = !words;
    part("again").hidden = !again;
  }

  function told() {
    part("state").textContent = outbox.length ? `${outbox.length} being kept` : decided ? `${decided} kept` : "";
  }

  async function send() {
    told();
    if (sending) return;
    sending = true;
    while (outbox.length) {
      const problem = await post(outbox[0]);
      if (problem) {
        form.hidden = false;
        complain(problem.words, problem.again);
        if (problem.again) break;
        decided -= 1;
      }
      outbox.shift();
      told();
    }
    sending = false;
    if (!items[position]) finish();
  }

  // Why it was not kept, and whether it may be sent again; nothing where it was.
  async function post(fields) {
    const headers = { Accept: "application/json" };
    let answer;
    try {
      answer = await fetch(form.action, { method: "POST", body: fields, headers, signal: AbortSignal.timeout(60000) });
    } catch {
      return { words: "The console does not answer. Nothing is lost yet: send it again.", again: true };
    }
    if (answer.ok) return null;
    if (answer.status === 401) {
      return { words: "Your session has ended. Log in again in another tab, and send it again.", again: true };
    }
    let words = `It was not kept (${answer.status}).`;
    if ((answer.headers.get("content-type") ?? "").startsWith("application/json")) {
      words = (await answer.json()).message ?? words;
    }
    return { words, again: answer.status >= 500 };
  }

  function finish() {
    if (!outbox.length && decided > 0) location.reload();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const choice = event.submitter?.value ?? "right";
    if (choice === "other" && !form.elements.other.value) return;
    choose(choice);
  });
  part("back").addEventListener("click", () => move(-1));
  part("skip").addEventListener("click", () => move(1));
  part("again").addEventListener("click", () => {
    complain("");
    send();
  });
  addEventListener("beforeunload", (event) => {
    if (outbox.length) event.preventDefault();
  });

  const keys = { Enter: "right", r: "right", x: "reject" };
  addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || form.hidden) return;
    const within = event.target instanceof Element ? event.target : document.body;
    // What has the focus keeps its own keys.
    if (within.matches("select, input") || (event.key === "Enter" && within.matches("a, button, summary"))) return;
    const choice = keys[event.key] ?? buttons[Number(event.key) - 1]?.value;
    if (choice) choose(choice);
    else if (event.key === "u") move(-1);
    else if (event.key === "s") move(1);
    else return;
    event.preventDefault();
  });

  show();
}

if (form) start();
