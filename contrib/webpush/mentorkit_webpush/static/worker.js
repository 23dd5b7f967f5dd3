// Shows what is pushed, and opens the page that it is about.
"use strict";

self.addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data.json();
  } catch {
    return; // nothing of ours
  }
  event.waitUntil(
    self.registration.showNotification(told.title, {
      body: told.body,
      tag: told.tag,
      lang: told.lang,
      data: told.url,
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const home = new URL("../../../", self.location.href);
  let page = home;
  try {
    const wanted = new URL(event.notification.data || home, home);
    if (wanted.origin === home.origin) page = wanted; // nowhere else, whatever was pushed
  } catch {
    page = home;
  }
  event.waitUntil(self.clients.openWindow(page.href));
});
