// Every few seconds the page is asked for anew, and what has changed of its live parts is put in
// place. The browser parses the answer, as it did the page; no text is made into markup here.

const EVERY = 5000;

function fetched() {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.timeout = 20000;
    request.onload = () => resolve(request);
    request.onerror = request.ontimeout = reject;
    request.send();
  });
}

function keepOpen(from, to) {
  const open = new Set([...from.querySelectorAll("details[id][open]")].map((each) => each.id));
  for (const each of to.querySelectorAll("details[id]")) each.open = open.has(each.id) || each.open;
}

async function refresh() {
  if (document.hidden) return;
  const answer = await fetched();
  // The login has ended, or the model is gone: the page itself says so.
  if (answer.status === 401 || answer.status === 404) return location.reload();
  if (answer.status !== 200 || !answer.response) return;
  for (const old of document.querySelectorAll("[data-live][id]")) {
    const fresh = answer.response.getElementById(old.id);
    if (!fresh) continue;
    const made = document.importNode(fresh, true);
    keepOpen(old, made);
    // Nobody loses their place: what is being read aloud, marked or stood upon stays.
    const busy = old.contains(document.activeElement) || !getSelection().isCollapsed;
    if (!busy && !made.isEqualNode(old)) old.replaceWith(made);
  }
}

async function forever() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    await refresh().catch(() => {});
  }
}

forever();
