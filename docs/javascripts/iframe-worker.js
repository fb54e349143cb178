// Search runs in a worker, which a page that was opened from the file system may not start.
// There, an invisible frame with the same script does its work.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inner = frame.contentWindow;
      this.inner.importScripts = (...urls) =>
        urls.reduce((before, url) => before.then(() => this.load(url)), Promise.resolve());
      this.inner.postMessage = data =>
        this.dispatchEvent(new MessageEvent("message", { data }));
      this.ready = this.load(address);
    }

    load(address) {
      const page = this.inner.document;
      return new Promise((done, failed) => {
        const script = page.createElement("script");
        Object.assign(script, { src: new URL(address, location), onload: done, onerror: failed });
        page.head.append(script);
      });
    }

    postMessage(data) {
      this.ready.then(() => this.inner.dispatchEvent(new MessageEvent("message", { data })));
    }

    terminate() {
      this.inner.frameElement.remove();
    }
  };
}
