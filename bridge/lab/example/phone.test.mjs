// SPDX-License-Identifier: BSD-2-Clause
// Phone sign-in at the site under test, and what can go wrong with it: npm test.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";
import { air, forget, passkeys, picture, scan } from "./phone.mjs";
import * as site from "./site.mjs";

const PAGE_MS = 30_000; // for what a page or the browser should do at once
const TEST_MS = 120_000;
const PICTURES = process.env.PICTURES ?? ".";

let browser;

before(async () => {
  assert.ok(process.env.HYBRIDGE_LAB_CHROMIUM, "no browser: is this within hybridge-lab up?");
  process.env.TMPDIR = process.env.HYBRIDGE_LAB; // the profile goes with the lab, whatever happens
  browser = await chromium.launch({
    executablePath: process.env.HYBRIDGE_LAB_CHROMIUM,
    headless: false,
  });
});
after(() => browser?.close());

/* A test with a page of its own and empty phones; if it fails, it leaves a picture. */
function phoneTest(name, run) {
  test(name, { timeout: TEST_MS }, async (t) => {
    await Promise.all([forget({ phone: 1 }), forget({ phone: 2 })]);
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(PAGE_MS);
    await page.goto(site.address);
    try {
      await run(t, page);
    } catch (error) {
      const file = `${PICTURES}/${name.replace(/\W+/g, "-")}.png`;
      await picture(file).catch(({ message }) => t.diagnostic(message));
      throw error;
    } finally {
      await air("clear");
      await air("power", "hci0", "on");
    }
  });
}

let accounts = 0;
const unique = (name) => `${name}-${process.pid}-${++accounts}`;

async function register(t, page, name) {
  await site.register(page, name);
  const answer = await scan(t);
  await site.success(page);
  await site.signOut(page);
  return answer;
}

phoneTest("register with a phone", async (t, page) => {
  const name = unique("ada");
  await site.register(page, name);
  const answer = await scan(t);
  assert.equal(answer.result, "registered");
  assert.equal(answer.account, name);
  assert.match(await site.success(page), new RegExp(name));
});

phoneTest("sign in", async (t, page) => {
  const name = unique("ada");
  const made = await register(t, page, name);
  await site.signIn(page, name);
  const answer = await scan(t);
  assert.equal(answer.result, "signed-in");
  assert.equal(answer.credentialId, made.credentialId);
  assert.match(await site.success(page), new RegExp(name));
});

phoneTest("the phone declines", async (t, page) => {
  const name = unique("ada");
  await register(t, page, name);
  await site.signIn(page, name);
  await assert.rejects(scan(t, { approve: "deny" }), { code: "declined" });
  assert.match(await site.failure(page), /no passkey/);
});

phoneTest("nobody answers on the phone", async (t, page) => {
  await site.register(page, unique("ada"));
  await assert.rejects(scan(t, { approve: "timeout" }), { code: "timed-out" });
  await site.failure(page);
  assert.deepEqual(await passkeys(), []);
});

phoneTest("no passkey on this phone, but on another", async (t, page) => {
  const name = unique("ada");
  await register(t, page, name);
  await site.signIn(page, name);
  await assert.rejects(scan(t, { phone: 2 }), { code: "no-passkey" });
  await site.failure(page);
  await site.signIn(page, name);
  await scan(t, { phone: 1 });
  await site.success(page);
});

phoneTest("choose one of two accounts", async (t, page) => {
  const [ada, grace] = [unique("ada"), unique("grace")];
  await register(t, page, ada);
  await register(t, page, grace);
  await site.signIn(page);
  const answer = await scan(t, { account: ada });
  assert.equal(answer.account, ada);
  assert.match(await site.success(page), new RegExp(ada));
});

phoneTest("which passkeys a phone has", async (t, page) => {
  const [ada, grace] = [unique("ada"), unique("grace")];
  const { credentialId } = await register(t, page, ada);
  await register(t, page, grace);
  const list = await passkeys();
  assert.deepEqual(list.map((passkey) => passkey.userName), [grace, ada]);
  assert.equal(list[1].credentialId, credentialId);
  assert.equal(list[1].rpId, new URL(site.address).hostname);
  await forget();
  assert.deepEqual(await passkeys(), []);
});

phoneTest("what the phone saw", async (t, page) => {
  await site.register(page, unique("ada"));
  const phone = scan(t);
  await phone;
  assert.deepEqual(phone.events.map((event) => event.state),
    ["scanned", "advertising", "secured", "answering", "answered", "done"]);
});

phoneTest("the browser's Bluetooth is off", async (t, page) => {
  const name = unique("ada");
  await register(t, page, name);
  await air("power", "hci0", "off");
  await site.signIn(page, name);
  // The browser asks for Bluetooth in its own dialog; a site learns nothing, and can cancel.
  await sleep(1000);
  assert.ok(await site.waits(page));
  await site.cancel(page);
  assert.match(await site.failure(page), /Cancelled/);
  await air("power", "hci0", "on");
  await site.signIn(page, name);
  await scan(t);
  await site.success(page);
});

phoneTest("adverts that arrive damaged, then whole", async (t, page) => {
  const name = unique("ada");
  await register(t, page, name);
  await air("damage", 150);
  await site.signIn(page, name);
  const phone = scan(t);
  await phone.until("advertising");
  await sleep(2000);
  assert.equal(phone.events.at(-1).state, "advertising");
  assert.ok(await site.waits(page));
  await air("clear");
  await phone;
  await site.success(page);
});

phoneTest("the phone cannot reach the relay, then it can", async (t, page) => {
  await site.register(page, unique("ada"));
  const nowhere = ["--resolve", "cable.ua5v.com:443:127.0.0.1:9"];
  await assert.rejects(scan(t, { more: nowhere }), { code: "relay-unreachable" });
  assert.ok(await site.waits(page));
  await site.cancel(page);
  await site.register(page, unique("grace"));
  await scan(t);
  await site.success(page);
});
