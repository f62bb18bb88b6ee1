/* SPDX-License-Identifier: BSD-2-Clause */
/* The page: asks the site for options, the browser for passkeys, and says in words what happens. */
"use strict";

const $ = (id) => document.getElementById(id);

let session = null; // what GET /api/session said last
let abort = null; // of the ceremony that runs

// --- The site ---------------------------------------------------------------------------------

/* An answer of the site other than 200: step, message, advice. */
class Refusal extends Error {
  constructor(status, body) {
    super(body.message);
    this.name = "Refusal";
    this.status = status;
    this.step = body.step;
    this.advice = body.advice;
    this.credentialId = body.credentialId;
  }
}

async function call(method, path, body) {
  const request = { method, headers: { "Content-Type": "application/json" }, cache: "no-store" };
  if (method !== "GET") {
    request.body = JSON.stringify(body ?? {});
  }
  let response, answer;
  try {
    response = await fetch(path, request);
    answer = await response.json();
  } catch {
    throw new Refusal(0, { step: "request", message: "The site does not answer",
      advice: "Check that hybridge-site is still running, then try again." });
  }
  if (!response.ok) {
    throw new Refusal(response.status, answer);
  }
  return answer;
}

// --- What is said -----------------------------------------------------------------------------

function element(name, text, properties = {}) {
  const made = document.createElement(name);
  if (text !== undefined) {
    made.textContent = text;
  }
  return Object.assign(made, properties);
}

function setState(state) {
  document.body.dataset.state = state;
  $("cancel").hidden = state !== "waiting";
  for (const button of document.querySelectorAll("button:not(#cancel-button)")) {
    button.setAttribute("aria-disabled", String(state === "waiting"));
  }
}

function restingState() {
  return session?.account ? "signed-in" : "signed-out";
}

/* Sentences, then a list of what can be done. */
function say(state, sentences, points = []) {
  const list = element("ul");
  list.append(...points.map((point) => element("li", point)));
  $("status").replaceChildren(
    ...[sentences].flat().map((sentence) => element("p", sentence)),
    ...(points.length > 0 ? [list] : []));
  setState(state);
}

function day(seconds) {
  return new Date(seconds * 1000).toLocaleString(undefined,
    { dateStyle: "medium", timeStyle: "short" });
}

function place(passkey) {
  const synced = passkey.backedUp ? ", backed up"
    : passkey.backupEligible ? ", can be backed up" : ", on that one alone";
  if (passkey.attachment === "platform") {
    return `this device${synced}`;
  }
  if (passkey.transports.includes("hybrid")) {
    return `another device (phone)${synced}`;
  }
  if (passkey.transports.some((transport) => ["usb", "nfc", "smart-card"].includes(transport))) {
    return `security key${synced}`;
  }
  return passkey.attachment === "cross-platform" ? `another device${synced}` : `unknown${synced}`;
}

/* "Phone", made 1 May 2026, another device (phone) */
function describe(passkey) {
  return `“${passkey.label}”, made ${day(passkey.createdAt)}, ${place(passkey)}`;
}

// --- What goes wrong --------------------------------------------------------------------------

function sayNotAllowed(kind) {
  const points = [
    "You cancelled, or closed the dialog: press the button again.",
    "It took too long: start again, with the phone unlocked, Bluetooth on, and next to you.",
    "It was declined on the phone: start again, and accept there.",
  ];
  if (kind === "login") {
    points.push("That phone has no passkey for this site: use the phone that you registered " +
      "with, or register.");
  } else {
    points.push("That phone cannot make one: it needs a screen lock, or another algorithm.");
  }
  say("error", "The browser got no passkey, and sites are not told why. It can be one of these:",
    points);
}

function sayAlready() {
  const known = session?.passkeys ?? [];
  say("error", "That phone or device has a passkey for this account already, so no second one " +
    "was made. Sign in with it, or use another device. This account has:", known.map(describe));
}

const SENTENCES = {
  SecurityError: "The browser does not let this page use passkeys of “localhost”. Open the site " +
    "by the address that hybridge-site printed.",
  AbortError: "Cancelled. Nothing was changed.",
  NotSupportedError: "Neither the browser nor the device can do what was asked for. Allow more " +
    "algorithms under “More choices”.",
  ConstraintError: "The device cannot keep a passkey, or cannot verify its owner, as was " +
    "required. Ask for less under “More choices”, or use another device.",
  TypeError: "The browser does not understand what it was asked for. Check the extension inputs " +
    "under “More choices”.",
  SyntaxError: "The extension inputs under “More choices” are not JSON.",
  EncodingError: "The browser does not understand what it was asked for. Check the extension " +
    "inputs under “More choices”.",
};

/* @made: the passkey that the site refused, or null. */
function explainRefusal(error, made) {
  // A site that is silent may have kept it; one that had it before has it still.
  const orphan = made !== null && error.status !== 0 && error.step !== "credential";
  const unknown = orphan ? made.id : error.credentialId;
  say("error", [`${error.message}.`, error.advice, ...(orphan
    ? ["The phone or device has kept a passkey that this site does not know: delete it there."]
    : [])]);
  if (unknown) {
    signal("signalUnknownCredential", { credentialId: unknown });
  }
}

function explain(error, kind, made = null) {
  if (error instanceof Refusal) {
    explainRefusal(error, made);
  } else if (error.name === "NotAllowedError") {
    sayNotAllowed(kind);
  } else if (error.name === "InvalidStateError" && kind !== "login") {
    sayAlready();
  } else if (error.name in SENTENCES) {
    say("error", SENTENCES[error.name]);
  } else {
    say("error", `The browser failed with “${error.name}”. Try again, or use another browser.`);
  }
}

// --- Passkeys ---------------------------------------------------------------------------------

/* Tells the browser’s own store of passkeys what the site knows; phones are not reached by it.
 * Returns whether the browser can. */
async function signal(name, details) {
  if (typeof globalThis.PublicKeyCredential?.[name] !== "function") {
    return false;
  }
  try {
    await PublicKeyCredential[name]({ rpId: session.rpId, ...details });
  } catch {
    // It is no business of the person's.
  }
  return true;
}

function signalAll() {
  const account = session.account;
  signal("signalAllAcceptedCredentials", { userId: account.id,
    allAcceptedCredentialIds: session.passkeys.map((passkey) => passkey.id) });
  signal("signalCurrentUserDetails", { userId: account.id, name: account.name,
    displayName: account.displayName });
}

/* What keeps passkeys from working here at all, or null. */
function hindrance() {
  if (!globalThis.isSecureContext) {
    return "Passkeys work on secure pages alone. Open the site by the address that " +
      "hybridge-site printed.";
  }
  if (!globalThis.PublicKeyCredential || !navigator.credentials) {
    return "This browser has no passkeys. Use a current Chromium, Firefox or Safari.";
  }
  if (!PublicKeyCredential.parseCreationOptionsFromJSON ||
      !PublicKeyCredential.parseRequestOptionsFromJSON || !PublicKeyCredential.prototype.toJSON) {
    return "This browser is too old for this page: it cannot read passkey options as JSON. " +
      "Update it.";
  }
  return null;
}

function choices() {
  const form = $("choices-form");
  const chosen = {};
  for (const select of form.querySelectorAll("select")) {
    if (select.value !== "") {
      chosen[select.name] = select.value;
    }
  }
  for (const name of ["hints", "algorithms"]) {
    const boxes = [...form.querySelectorAll(`[name=${name}]`)];
    if (boxes.some((box) => box.checked !== box.defaultChecked)) {
      const values = boxes.filter((box) => box.checked).map((box) => box.value);
      chosen[name] = name === "algorithms" ? values.map(Number) : values;
    }
  }
  const extensions = form.elements.extensions.value.trim();
  if (extensions !== "") {
    chosen.extensions = JSON.parse(extensions);
  }
  return chosen;
}

/* The credential as the site gets it: extension outputs can be secrets (prf), and stay here. */
function toSite(credential) {
  return { ...credential.toJSON(), clientExtensionResults: {} };
}

function extensionNames(credential) {
  const names = Object.keys(credential.getClientExtensionResults());
  return names.length > 0 ? [`Extensions that answered: ${names.join(", ")}.`] : [];
}

async function create(request) {
  const options = await call("POST", "/api/register/options", request);
  say("waiting", options.hints?.[0] === "hybrid"
    ? "The browser shows a code now: scan it with your phone, and accept there."
    : "The browser asks now: follow it.");
  return navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options), signal: abort.signal });
}

async function get(request) {
  const options = await call("POST", "/api/login/options", request);
  say("waiting", options.hints?.[0] === "hybrid"
    ? "The browser shows a code now: scan it with the phone that has your passkey, and accept " +
      "there."
    : "The browser asks now: follow it.");
  return navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), signal: abort.signal });
}

/* Where the person was before, if that can still be seen. */
function focusAgain(before) {
  (before?.isConnected && before.checkVisibility() ? before : $("heading")).focus();
}

/* A whole registration or sign-in: whether it succeeded. @extra: what the request has besides the
 * choices. */
async function ceremony(kind, extra, useChoices = true) {
  if (abort !== null) {
    return false; // a button pressed twice
  }
  const before = document.activeElement;
  const wrong = hindrance();
  if (wrong !== null) {
    say("error", wrong);
    return false;
  }
  let made = null; // a passkey that the site has still to accept
  abort = new AbortController();
  say("waiting", "Asking the site…");
  try {
    const request = { ...(useChoices ? choices() : {}), ...extra };
    const credential = kind === "login" ? await get(request) : await create(request);
    made = kind === "login" ? null : credential;
    say("waiting", "The site checks the answer…");
    await call("POST", kind === "login" ? "/api/login" : "/api/register", toSite(credential));
    made = null;
    await load();
    $("register-form").reset();
    $("login-form").reset();
    const what = kind === "login" ? `Signed in as ${session.account.name}.`
      : `Made a passkey for ${session.account.name}.`;
    say("signed-in", [what, ...extensionNames(credential)]);
    signalAll();
    await offer(credential.authenticatorAttachment);
    $("heading").focus();
    return true;
  } catch (error) {
    if (error instanceof Refusal) {
      await load().catch(() => {}); // another tab or a restart may have changed who is signed in
    }
    explain(error, kind, made);
    focusAgain(before);
    return false;
  } finally {
    abort = null;
  }
}

// --- A passkey for this device, once another's was used ---------------------------------------

/* Where it says "no thanks" for an account; storage can be switched off. */
function remember(answer) {
  try {
    localStorage.setItem(`offer ${session.account.id}`, answer);
  } catch {
    // Then it asks again.
  }
}

function isAnswered() {
  try {
    return localStorage.getItem(`offer ${session.account.id}`) !== null;
  } catch {
    return false;
  }
}

async function offer(attachment) {
  $("offer").hidden = true;
  if (attachment !== "cross-platform" || isAnswered()) {
    return;
  }
  let can = false;
  try {
    can = await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
  } catch {
    // As if it could not.
  }
  $("offer-text").textContent = can
    ? "You used another device. With a passkey on this one, too, you need no phone here."
    : "You used another device. This browser cannot keep a passkey on this one: it finds no " +
      "fingerprint reader, screen lock or the like to protect it with. Keep using the phone.";
  $("offer-button").hidden = !can;
  $("offer-no").textContent = can ? "No, thanks" : "Understood";
  $("offer").hidden = false;
}

function endOffer(answer) {
  remember(answer);
  $("offer").hidden = true;
}

// --- The list ---------------------------------------------------------------------------------

function detail(list, term, value) {
  const pair = element("div");
  pair.append(element("dt", term), element("dd", value));
  list.append(pair);
}

function action(text, about, className, run) {
  const button = element("button", text, { type: "button", className });
  button.setAttribute("aria-label", `${text} ${about}`);
  button.addEventListener("click", () => {
    if (abort === null) {
      run();
    }
  });
  return button;
}

function fillItem(item, passkey) {
  const details = element("dl");
  const buttons = element("div", undefined, { className: "buttons" });
  detail(details, "Made", day(passkey.createdAt));
  detail(details, "Last used", passkey.lastUsedAt ? day(passkey.lastUsedAt) : "not yet");
  detail(details, "Where", place(passkey));
  buttons.append(
    action("Rename", passkey.label, "quiet", () => rename(item, passkey)),
    action("Delete", passkey.label, "danger", () => confirmDelete(item, passkey)));
  item.replaceChildren(element("h3", passkey.label), details, buttons);
}

function rename(item, passkey) {
  const form = element("form");
  const input = element("input", undefined, { id: `label-${passkey.id}`, maxLength: 64,
    required: true, value: passkey.label });
  const buttons = element("p", undefined, { className: "buttons" });
  const back = () => {
    fillItem(item, passkey);
    item.querySelector("button").focus();
  };
  buttons.append(element("button", "Save"), action("Keep the name", passkey.label, "quiet", back));
  form.append(element("label", "New name", { htmlFor: input.id }), input, buttons);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    change(async () => {
      const done = await call("PATCH", `/api/passkeys/${passkey.id}`, { label: input.value });
      passkey.label = done.passkey.label;
      back();
      say("signed-in", `It is called “${passkey.label}” now.`);
    });
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      back();
    }
  });
  item.replaceChildren(form);
  input.select();
}

function confirmDelete(item, passkey) {
  const last = session.passkeys.length === 1;
  const buttons = element("p", undefined, { className: "buttons" });
  const keep = action("Keep", passkey.label, "quiet", () => {
    fillItem(item, passkey);
    item.querySelector("button").focus();
  });
  buttons.append(
    action("Delete for good", passkey.label, "danger", () => remove(passkey)), keep);
  item.replaceChildren(element("h3", passkey.label), element("p", last
    ? "This is your only passkey: once you sign out, nobody can sign in to this account again."
    : "Nobody can sign in with it any more, then."), buttons);
  keep.focus();
}

function remove(passkey) {
  change(async () => {
    const left = await call("DELETE", `/api/passkeys/${passkey.id}`);
    await load();
    const told = await signal("signalAllAcceptedCredentials",
      { userId: left.userId, allAcceptedCredentialIds: left.allAcceptedCredentialIds });
    const phone = "A phone keeps its copy: delete it there, too, in its settings for passwords " +
      "or passkeys; with hybridge’s phone, by “hybridge-phone passkeys delete”.";
    say("signed-in", [`“${passkey.label}” is deleted at this site.`,
      told ? "The browser was told, so it stops offering one that it keeps itself."
        : "This browser cannot be told, so it may go on offering it.", phone]);
    $("passkeys-heading").focus();
  });
}

/* What is no ceremony, with its failures said. */
async function change(run) {
  try {
    await run();
  } catch (error) {
    if (["session", "credential"].includes(error.step)) {
      await load().catch(() => {});
    }
    explain(error, "change");
  }
}

// --- The page ---------------------------------------------------------------------------------

/* A further passkey, for whom the page shows: somebody else can be signed in since. */
function add(extra, useChoices) {
  return ceremony("add", { name: session.account.name, ...extra }, useChoices);
}

/* Shows what the site says of this browser. */
async function load() {
  const before = session?.account?.id;
  session = await call("GET", "/api/session");
  const account = session.account;
  if (account?.id !== before) {
    $("offer").hidden = true;
  }
  $("site").textContent = session.site;
  document.title = account ? `${account.name} – ${session.site}` : session.site;
  $("heading").textContent = account ? `Signed in as ${account.name}` : "Register or sign in";
  $("signed-out").hidden = account !== null;
  $("signed-in").hidden = account === null;
  $("choices").hidden = false;
  $("nobody").hidden = session.accounts;
  $("no-passkeys").hidden = session.passkeys.length > 0;
  $("passkeys").replaceChildren(...session.passkeys.map((passkey) => {
    const item = element("li");
    fillItem(item, passkey);
    return item;
  }));
}

async function signOut() {
  if (abort !== null) {
    return;
  }
  await change(async () => {
    await call("POST", "/api/logout");
    await load();
    say("signed-out", "Signed out.");
    $("login-name").focus();
  });
}

function onSubmit(kind) {
  return (event) => {
    event.preventDefault();
    const name = $(`${kind}-name`).value.trim();
    ceremony(kind, name === "" ? {} : { name });
  };
}

async function start() {
  $("register-form").addEventListener("submit", onSubmit("register"));
  $("login-form").addEventListener("submit", onSubmit("login"));
  $("choices-form").addEventListener("submit", (event) => event.preventDefault());
  $("logout-button").addEventListener("click", signOut);
  $("add-button").addEventListener("click", () => add());
  $("cancel-button").addEventListener("click", () => abort?.abort());
  $("offer-no").addEventListener("click", () => {
    endOffer("no");
    $("passkeys-heading").focus();
  });
  $("offer-button").addEventListener("click", async () => {
    if (await add({ authenticatorAttachment: "platform", residentKey: "required" }, false)) {
      endOffer("yes");
    }
  });
  await change(async () => {
    await load();
    const wrong = hindrance();
    if (wrong !== null) {
      say("error", wrong);
    } else {
      setState(restingState());
    }
    const first = session.account ? "heading" : session.accounts ? "login-name" : "register-name";
    $(first).focus();
  });
}

start();
