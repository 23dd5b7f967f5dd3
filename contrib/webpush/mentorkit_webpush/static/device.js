// Asks the browser for notifications, and sends where they go with the page's own form.
(() => {
  "use strict";
  const form = document.getElementById("mk-webpush");
  if (!form) return;
  const button = form.querySelector("button");
  const tell = (what) => {
    for (const one of form.querySelectorAll("[data-told]")) one.hidden = one.dataset.told !== what;
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const bytes = (written) =>
    Uint8Array.from(atob(written.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return;
  tell(Notification.permission === "denied" ? "denied" : "");
  button.disabled = false;

  const allow = async () => {
    if ((await Notification.requestPermission()) !== "granted") return tell("denied");
    const worker = await navigator.serviceWorker.register(form.dataset.worker);
    // One that was made for another key takes nothing from us any more.
    const old = await worker.pushManager.getSubscription();
    if (old && text(old.options.applicationServerKey ?? new ArrayBuffer(0)) !== form.dataset.key) {
      await old.unsubscribe();
    }
    while (!worker.active) await new Promise((done) => setTimeout(done, 50));
    // Without a way to its push service a browser waits for ever, and says nothing.
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error("late")), 30000));
    const asked = worker.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: bytes(form.dataset.key),
    });
    const made = await Promise.race([asked, late]);
    form.elements.endpoint.value = made.endpoint;
    form.elements.p256dh.value = text(made.getKey("p256dh"));
    form.elements.auth.value = text(made.getKey("auth"));
    form.submit();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tell("");
    button.disabled = true;
    allow()
      .catch(() => tell("failed"))
      .finally(() => { button.disabled = false; });
  });
})();
