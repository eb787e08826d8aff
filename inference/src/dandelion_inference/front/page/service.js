// Speaks to the service: one way to ask, whatever the question. Knows about readiness, tokens,
// full queues and how an error is put into words; knows nothing about the page.

const AT_ONCE = 3;
const PATIENCE = 10;

export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The service answered with status ${status}.`);
    this.status = status;
    this.code = problem.code || "";
  }
}

export class Service {
  #token = "";
  #free = AT_ONCE;
  #queue = [];
  #entry = null;

  // onState({ready, text, model}) is told whenever that changes; onLocked(refusal) asks for a token.
  constructor(onState, onLocked) {
    this.onState = onState;
    this.onLocked = onLocked;
    this.ready = this.#becomeReady();
  }

  // Whether nothing is answered until there is a token.
  get locked() {
    return this.#entry !== null;
  }

  unlock(token) {
    this.#token = token;
    this.#entry?.resolve();
    this.#entry = null;
  }

  async predict(file) {
    const answer = await this.#send("predict", file, typeOf(file));
    return answer.json();
  }

  async explain(file, label) {
    const query = new URLSearchParams({ label });
    const answer = await this.#send(`explain?${query}`, file, typeOf(file));
    return answer.blob();
  }

  async feedback(id, label) {
    await this.#send("feedback", JSON.stringify({ id, index: 0, label }), "application/json");
  }

  async #send(path, body, type) {
    await this.#turn();
    try {
      for (let attempt = 1; ; attempt++) {
        await this.ready;
        const answer = await this.#ask(path, body, type);
        if (answer.ok) return answer;
        const refusal = await refused(answer);
        if (answer.status === 401) {
          await this.#locked(refusal);
        } else if (refusal.code === "NotReady" && attempt < PATIENCE) {
          this.ready = this.#becomeReady();
        } else if (answer.status === 429 && attempt < PATIENCE) {
          // Not all at the same moment again.
          await seconds(retryAfter(answer) + Math.random() * 0.3);
        } else {
          // Somebody else's token may be allowed more.
          if (answer.status === 403) this.onLocked(refusal);
          throw refusal;
        }
      }
    } finally {
      this.#free++;
      this.#queue.shift()?.();
    }
  }

  async #ask(path, body, type) {
    const headers = { "Content-Type": type };
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    try {
      return await fetch(path, { method: "POST", body, headers });
    } catch {
      throw new Refusal(0, {
        detail:
          "The service could not be reached, or ended the connection. Is it still running, " +
          "and is the file still there?",
      });
    }
  }

  #locked(refusal) {
    if (!this.#entry) {
      this.#token = "";
      this.#entry = deferred();
      this.onLocked(refusal);
    }
    return this.#entry.promise;
  }

  async #turn() {
    while (this.#free === 0) await new Promise((resolve) => this.#queue.push(resolve));
    this.#free--;
  }

  async #becomeReady() {
    for (let pause = 1; ; pause = Math.min(pause * 1.5, 5)) {
      try {
        const answer = await fetch("readyz", { cache: "no-store" });
        const body = await answer.json();
        if (answer.ok) {
          this.onState({ ready: true, model: body.model });
          return;
        }
        this.onState({ ready: false, text: body.detail });
      } catch {
        this.onState({ ready: false, text: "The service cannot be reached." });
      }
      await seconds(pause);
    }
  }
}

function typeOf(file) {
  return file.type || "application/octet-stream";
}

async function refused(answer) {
  try {
    return new Refusal(answer.status, await answer.json());
  } catch {
    // Not from the service itself: a proxy in front of it, which speaks no problem JSON.
    return new Refusal(answer.status, {});
  }
}

function retryAfter(answer) {
  const wanted = Number(answer.headers.get("Retry-After"));
  return Number.isFinite(wanted) ? Math.min(Math.max(wanted, 0.2), 30) : 1;
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}

function seconds(count) {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}
