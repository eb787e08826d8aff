// Takes a picture: in the page where the browser lets it, else with the camera app of the device.
// Browsers give a page the camera only over HTTPS (or on localhost).

export class Camera {
  #dialog = document.getElementById("viewfinder");
  #video = document.getElementById("video");
  #shoot = document.getElementById("shoot");
  #capture;
  #stream = null;
  #taken = 0;

  // onPicture(file) is given each picture; `capture` is the file input that falls back.
  constructor(capture, onPicture) {
    this.#capture = capture;
    // Nothing to take before the first frame.
    this.#video.addEventListener("loadeddata", () => {
      this.#shoot.disabled = false;
      this.#shoot.focus();
    });
    this.#shoot.addEventListener("click", async () => {
      const picture = await this.#picture();
      this.#dialog.close();
      onPicture(picture);
    });
    document.getElementById("close").addEventListener("click", () => this.#dialog.close());
    // Escape closes it too.
    this.#dialog.addEventListener("close", () => this.#stop());
  }

  async open() {
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1920 } },
      });
    } catch {
      this.#capture.click();
      return;
    }
    this.#video.srcObject = this.#stream;
    this.#shoot.disabled = true;
    this.#dialog.showModal();
  }

  async #picture() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    canvas.getContext("2d").drawImage(this.#video, 0, 0);
    const data = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
    return new File([data], `Picture ${++this.#taken}`, { type: "image/jpeg" });
  }

  #stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#video.srcObject = null;
    this.#stream = null;
  }
}
