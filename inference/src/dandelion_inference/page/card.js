// One image on the page: what it is, how it was found, and what to do when it is wrong.
// Text from answers only ever becomes text.

const SHOWN = 5;
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

export class Card {
  #service;
  #file;
  #say;
  #photo;
  #heat = "";
  #answer = null;
  #explaining = false;

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
    // A browser may not know a format that the service reads, as TIFF.
    picture.addEventListener("error", () => this.#part(".frame").classList.add("blind"));
    picture.addEventListener("load", () => this.#part(".frame").classList.remove("blind"));
    this.#part(".explain").addEventListener("click", () => this.#toggleHeat());
    this.#part(".wrong").addEventListener("click", () => this.#toggleFeedback());
    this.#part(".again").addEventListener("click", () => this.#repeat());
    this.#part(".feedback").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tell();
    });
  }

  async classify() {
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
    if (this.#heat) URL.revokeObjectURL(this.#heat);
  }

  #showAnswer() {
    const { id, label, probability, scores, model } = this.#answer;
    const ranked = Object.entries(scores).sort(([, one], [, other]) => other - one);
    this.#part(".verdict").textContent = label;
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
    this.#part("select").replaceChildren(none, ...names.map((name) => new Option(name, name)));
    this.#show({ ".found": true, ".rest": rest.length > 0, ".wrong": Boolean(id) });
    this.#say(`${this.#file.name}: ${label}, ${percent.format(probability)}`);
  }

  async #repeat() {
    // The button goes; those who use the keyboard should not fall back to the top of the page.
    const heading = this.#part(".file");
    heading.tabIndex = -1;
    heading.focus();
    await this.classify();
  }

  async #toggleHeat() {
    if (this.#explaining) return;
    const shown = this.#part(".frame").classList.contains("heated");
    if (shown) {
      this.#showPhoto();
      return;
    }
    if (!this.#heat && !(await this.#fetchHeat())) return;
    const { label } = this.#answer;
    const picture = this.#part(".picture");
    picture.src = this.#heat;
    picture.alt = `Heat map of ${this.#file.name}: what speaks for ${label}`;
    this.#part("figcaption").textContent =
      `The part that the model sees. The brighter, the more it speaks for “${label}”.`;
    this.#part(".frame").classList.add("heated");
    this.#part(".explain").textContent = "Show the photo";
    this.#show({ figcaption: true });
    this.#say(`The heat map for ${label} is shown.`);
  }

  async #fetchHeat() {
    const button = this.#part(".explain");
    this.#explaining = true;
    button.setAttribute("aria-busy", "true");
    button.textContent = "Explaining…";
    this.#show({ ".problem": false });
    try {
      const { image } = await this.#service.explain(this.#file, this.#answer.label);
      this.#heat = URL.createObjectURL(image);
      return true;
    } catch (refusal) {
      this.#problem(refusal.message);
      button.textContent = "Explain";
      return false;
    } finally {
      this.#explaining = false;
      button.removeAttribute("aria-busy");
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
    if (!form.hidden) this.#part("select").focus();
  }

  async #tell() {
    const label = this.#part("select").value;
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
