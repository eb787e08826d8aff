// One image on the page: what it is, how it was found, and what to do when it is wrong.
// Text from answers only ever becomes text.

const SHOWN = 5;
const LOOKING = "Looking…";
const LOCKED = "Waiting for an access token…";
const UNKNOWN = "May be none of the classes";
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

export class Card {
  #service;
  #file;
  #say;
  #photo;
  #heats = new Map();
  #answer = null;
  #explaining = "";

  // say(text) reads something out to those who do not see it.
  constructor(template, file, service, say) {
    this.#service = service;
    this.#file = file;
    this.#say = say;
    this.#photo = URL.createObjectURL(file);
    this.element = template.content.firstElementChild.cloneNode(true);
    const heading = this.#part(".file");
    heading.textContent = file.name;
    heading.title = file.name;
    const picture = this.#part(".picture");
    picture.alt = file.name;
    picture.src = this.#photo;
    // A browser may not know a format that the service reads, as TIFF or HEIC.
    picture.addEventListener("error", () => this.#part(".frame").classList.add("blind"));
    picture.addEventListener("load", () => this.#part(".frame").classList.remove("blind"));
    this.#part(".explain").addEventListener("click", () => {
      if (this.#part(".frame").classList.contains("heated")) this.#showPhoto();
      else this.#explain();
    });
    this.#part(".subject").addEventListener("change", () => this.#explain());
    this.#part(".wrong").addEventListener("click", () => this.#toggleFeedback());
    this.#part(".again").addEventListener("click", () => this.#repeat());
    this.#part(".feedback").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tell();
    });
  }

  // What it waits for may change meanwhile.
  showWaiting() {
    this.#part(".waiting").textContent = this.#service.locked ? LOCKED : LOOKING;
  }

  async classify() {
    this.showWaiting();
    this.#show({ ".waiting": true, ".problem": false, ".again": false });
    try {
      const { id, model, predictions } = await this.#service.predict(this.#file);
      this.#answer = { id, model, ...predictions[0] };
      this.#showAnswer();
    } catch (refusal) {
      this.#problem(refusal.message);
      this.#show({ ".again": true });
    }
    this.#show({ ".waiting": false });
  }

  discard() {
    this.element.remove();
    URL.revokeObjectURL(this.#photo);
    for (const heat of this.#heats.values()) URL.revokeObjectURL(heat);
  }

  #showAnswer() {
    const { id, label, probability, scores, unknown, model } = this.#answer;
    const ranked = Object.entries(scores).sort(([, one], [, other]) => other - one);
    this.#part(".verdict").textContent = unknown ? UNKNOWN : label;
    this.#part(".found").classList.toggle("unknown", Boolean(unknown));
    this.#part(".found > .bars").replaceChildren(...ranked.slice(0, SHOWN).map(bar));
    const rest = ranked.slice(SHOWN);
    this.#part(".rest summary").textContent =
      rest.length === 1 ? "1 more class" : `${rest.length} more classes`;
    this.#part(".rest .bars").replaceChildren(...rest.map(bar));
    this.#part(".by").textContent = `${model.name}, version ${model.version}`;
    const names = Object.keys(scores).sort((one, other) =>
      one.localeCompare(other, undefined, { numeric: true }),
    );
    const none = new Option("choose…", "");
    this.#part(".truth").replaceChildren(none, ...names.map(option));
    this.#part(".subject").replaceChildren(...ranked.map(([name]) => option(name)));
    this.#show({
      ".found": true,
      ".doubt": Boolean(unknown),
      ".rest": rest.length > 0,
      ".wrong": Boolean(id),
    });
    const verdict = unknown ? UNKNOWN : `${label}, ${percent.format(probability)}`;
    const doubt = unknown ? `. ${this.#part(".doubt").textContent.replace(/\s+/g, " ")}` : "";
    this.#say(`${this.#file.name}: ${verdict}${doubt}`);
  }

  async #repeat() {
    // The button goes; those who use the keyboard should not fall back to the top of the page.
    const heading = this.#part(".file");
    heading.tabIndex = -1;
    heading.focus();
    await this.classify();
  }

  async #explain() {
    const label = this.#part(".subject").value;
    const heat = this.#heats.get(label) ?? (await this.#fetchHeat(label));
    // Another class may have been chosen in the meantime.
    if (!heat || label !== this.#part(".subject").value) return;
    const picture = this.#part(".picture");
    picture.src = heat;
    picture.alt = `Heat map of ${this.#file.name}: what speaks for ${label}`;
    this.#part(".frame").classList.add("heated");
    this.#part(".explain").textContent = "Show the photo";
    this.#show({ figcaption: true, ".problem": false });
    this.#say(`The heat map for ${label} is shown.`);
  }

  async #fetchHeat(label) {
    if (this.#explaining === label) return null;
    this.#explaining = label;
    const button = this.#part(".explain");
    button.textContent = "Explaining…";
    try {
      const heat = URL.createObjectURL(await this.#service.explain(this.#file, label));
      this.#heats.set(label, heat);
      return heat;
    } catch (refusal) {
      this.#problem(refusal.message);
      const heated = this.#part(".frame").classList.contains("heated");
      button.textContent = heated ? "Show the photo" : "Explain";
      return null;
    } finally {
      this.#explaining = "";
    }
  }

  #showPhoto() {
    const picture = this.#part(".picture");
    picture.src = this.#photo;
    picture.alt = this.#file.name;
    this.#part(".frame").classList.remove("heated");
    this.#part(".explain").textContent = "Explain";
    this.#show({ figcaption: false });
  }

  #toggleFeedback() {
    const form = this.#part(".feedback");
    form.hidden = !form.hidden;
    this.#part(".wrong").setAttribute("aria-expanded", String(!form.hidden));
    if (!form.hidden) this.#part(".truth").focus();
  }

  async #tell() {
    const label = this.#part(".truth").value;
    const told = this.#part(".told");
    const send = this.#part(".feedback button");
    send.disabled = true;
    try {
      await this.#service.feedback(this.#answer.id, label);
      told.textContent = `Thank you. It is noted as “${label}”.`;
      this.#toggleFeedback();
      this.#part(".wrong").focus();
    } catch (refusal) {
      told.textContent = refusal.message;
    }
    send.disabled = false;
    this.#show({ ".told": true });
    this.#say(told.textContent);
  }

  #problem(text) {
    this.#part(".problem").textContent = text;
    this.#show({ ".problem": true });
    this.#say(`${this.#file.name}: ${text}`);
  }

  #part(selector) {
    return this.element.querySelector(selector);
  }

  #show(parts) {
    for (const [selector, shown] of Object.entries(parts)) this.#part(selector).hidden = !shown;
  }
}

function option(name) {
  return new Option(name, name);
}

function bar([name, probability]) {
  const item = document.createElement("li");
  const label = document.createElement("span");
  label.className = "label";
  label.textContent = name;
  const figure = document.createElement("span");
  figure.className = "figure";
  figure.textContent = percent.format(probability);
  const track = document.createElement("span");
  track.className = "track";
  const fill = document.createElement("span");
  fill.className = "fill";
  fill.style.width = `${probability * 100}%`;
  track.append(fill);
  item.append(label, figure, track);
  return item;
}
