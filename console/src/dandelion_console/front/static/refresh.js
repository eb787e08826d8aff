// Every few seconds the page is asked for anew, and what has changed of its live parts is put in
// place. The browser parses the answer, as it did the page; no text is made into markup here.

const EVERY_SECONDS = 5;
const AWAY = "The console does not answer.";
let seen = new Date();

// A page that costs the cluster more says how long to wait.
function pause() {
  const asked = Number(document.querySelector("[data-every]")?.dataset.every);
  return 1000 * (asked || EVERY_SECONDS);
}

function fetched() {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.timeout = 20000;
    request.onload = () => resolve(request);
    request.onerror = request.ontimeout = () => reject(new Error(AWAY));
    request.send();
  });
}

function keepOpen(from, to) {
  const open = new Set([...from.querySelectorAll("details[id][open]")].map((each) => each.id));
  for (const each of to.querySelectorAll("details[id]")) each.open = open.has(each.id) || each.open;
}

// What is shown may not be so any more: since when, and why. Empty once it is new.
function outdated(why) {
  let told = document.getElementById("outdated");
  if (!told && !why) return;
  if (!told) {
    told = document.createElement("p");
    told.id = "outdated";
    told.className = "problem";
    told.setAttribute("role", "status");
    document.getElementById("main").prepend(told);
  }
  told.hidden = !why;
  const words = why && `This is how it was at ${seen.toLocaleTimeString()}. ${why}`;
  if (told.textContent !== words) told.textContent = words;
}

// Whether there is more to come.
async function refresh() {
  if (document.hidden) return true;
  const answer = await fetched();
  if (!answer.response) throw new Error(AWAY);
  // The login has ended, or the model is gone: the answer says so, and a second one may not.
  if ([401, 403, 404].includes(answer.status)) {
    document.title = answer.response.title;
    document.body.replaceWith(document.importNode(answer.response.body, true));
    return false;
  }
  if (answer.status !== 200) {
    throw new Error(answer.response.querySelector(".problem")?.textContent ?? AWAY);
  }
  seen = new Date();
  outdated("");
  for (const old of document.querySelectorAll("[data-live][id]")) {
    const fresh = answer.response.getElementById(old.id);
    if (!fresh) continue;
    const made = document.importNode(fresh, true);
    keepOpen(old, made);
    // Nobody loses their place: what is being read aloud, marked or stood upon stays.
    const busy = old.contains(document.activeElement) || !getSelection().isCollapsed;
    if (!busy && !made.isEqualNode(old)) old.replaceWith(made);
  }
  return true;
}

function missed(error) {
  outdated(error.message);
  return true;
}

async function forever() {
  do {
    await new Promise((resolve) => setTimeout(resolve, pause()));
  } while (await refresh().catch(missed));
}

forever();
