// Passkeys: ask the server for options, the browser for a passkey, and send its answer with the form.
// Without scripts or passkeys the button stays hidden and the other ways remain.
"use strict";

(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (each) => each.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const named = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const made = (options) => navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    },
  });
  const shown = (options) => navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: named(options.allowCredentials),
    },
  });

  const plain = (credential) => {
    const response = { clientDataJSON: text(credential.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      const part = credential.response[name];
      if (part) response[name] = text(part);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: {},
    });
  };

  const ask = async (place) => {
    const form = place.closest("form");
    const body = new FormData();
    body.set("purpose", place.dataset.passkey);
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    const answer = await fetch(place.dataset.options, { method: "POST", body, redirect: "error" });
    if (!answer.ok) throw new Error("refused");
    const { publicKey } = await answer.json();
    const credential = await (place.dataset.passkey === "enrol" ? made(publicKey) : shown(publicKey));
    form.elements[place.dataset.field].value = plain(credential);
    form.submit();
  };

  for (const place of document.querySelectorAll("[data-passkey]")) {
    const button = place.querySelector("button");
    const said = place.querySelector("[role=alert]");
    place.hidden = false;
    button.addEventListener("click", async () => {
      said.hidden = true;
      button.disabled = true;
      try {
        await ask(place);
      } catch {
        said.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
