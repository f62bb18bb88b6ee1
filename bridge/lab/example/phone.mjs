// SPDX-License-Identifier: BSD-2-Clause
// The lab's phones and its air, for tests that run in "hybridge-lab up". Copy it as it is.
import { execFile } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";

const SCAN_MS = 90_000; // above all that a phone waits for: a minute for a code, one for a computer
const CALL_MS = 20_000;

/* What a phone or the lab answers when it fails. @code is the cause, such as "declined" or
 * "no-passkey"; hybridge(1) lists them. */
export class PhoneError extends Error {
  constructor(message, failed) {
    super(message);
    this.name = "PhoneError";
    this.code = failed?.cause ?? "failed";
    this.status = failed?.exit;
    this.advice = failed?.advice;
  }
}

function explain(words, error, failed, stderr, timeout) {
  const command = ["hybridge-lab", ...words].join(" ");
  if (error.code === "ENOENT") {
    return `${command}: no such program; is this within "hybridge-lab up"?`;
  }
  if (error.killed || error.signal) {
    return `${command}: ended by ${error.signal}, at the latest after ${timeout / 1000} s`;
  }
  const said = stderr.split("\n").filter((line) => line !== "" && !isEvent(line)).join(" ");
  return `${command}: ${failed?.message ?? (said || error.message)}`;
}

const isEvent = (line) => line.startsWith('{"time":');

/* hybridge-lab with @words: a promise of what it prints, and the process and its events. */
function run(words, timeout = CALL_MS) {
  const events = [];
  const find = (state) => events.find((event) => event.state === state);
  const news = new EventEmitter();
  let ended = false;
  let child;

  const done = new Promise((resolve, reject) => {
    child = execFile("hybridge-lab", words, { timeout }, (error, stdout, stderr) => {
      ended = true;
      news.emit("event");
      if (error) {
        const failed = find("failed");
        reject(new PhoneError(explain(words, error, failed, stderr, timeout), failed));
      } else {
        resolve(stdout);
      }
    });
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (isEvent(line)) {
      events.push(JSON.parse(line));
      news.emit("event");
    }
  });

  /* The event of that state, as soon as there is one. */
  async function until(state) {
    while (!find(state)) {
      if (ended) {
        await done;
        throw new PhoneError(`The phone has ended and was never "${state}"`);
      }
      await once(news, "event");
    }
    return find(state);
  }
  return { child, done, events, until };
}

/* A phone takes the code from the screen and answers. @t is the test: when that ends, the phone
 * does. Options: phone (1), approve ("auto"), account, noUv, more (further arguments).
 * Returns: a promise of { result, rpId, account, credentialId }, rejected with a PhoneError;
 *   it has .events, .until(state) and .stop() besides. */
export function scan(t, { phone = 1, approve = "auto", account, noUv = false, more = [] } = {}) {
  const { child, done, events, until } = run([
    "scan", "--phone", String(phone), "--approve", approve, "--events", "--json",
    ...(account ? ["--account", account] : []), ...(noUv ? ["--no-uv"] : []), ...more,
  ], SCAN_MS);
  const stop = () => child.kill("SIGTERM");

  const answer = done.then(JSON.parse);
  // Whoever awaits it gets the error; until then it is no unhandled one.
  answer.catch((error) => t.diagnostic(`phone ${phone}: ${error.message}`));
  t.after(async () => {
    stop();
    await answer.catch(() => {});
  });
  return Object.assign(answer, { events, until, stop });
}

/* A phone's other commands; @words: passkeys list, passkeys delete, …; see hybridge-phone(1). */
export const command = (phone, ...words) => run(["phone", "--phone", String(phone), ...words]).done;

/* A phone's passkeys, the last used first: { credentialId, rpId, userName, … }. */
export async function passkeys({ phone = 1 } = {}) {
  return JSON.parse(await command(phone, "passkeys", "list", "--json"));
}

/* A phone loses all its passkeys. */
export async function forget({ phone = 1 } = {}) {
  const ids = (await passkeys({ phone })).map((passkey) => passkey.credentialId);
  if (ids.length > 0) {
    await command(phone, "passkeys", "delete", "--yes", ...ids);
  }
}

/* air("power", "hci0", "off"), air("damage", 150), air("clear"); hybridge-air(1) has them all. */
export const air = (...words) => run(["air", ...words.map(String)]).done;

/* What is on the screen, as a PNG file. */
export const picture = (file) => run(["picture", file]).done;
