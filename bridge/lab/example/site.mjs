// SPDX-License-Identifier: BSD-2-Clause
// How a person uses the site under test; here hybridge-site. Write your own site's in its place.

export const address = process.env.SITE ?? process.env.HYBRIDGE_LAB_SITE;

export async function register(page, name) {
  await page.fill("#register-name", name);
  await page.click("#register-button");
}

export async function signIn(page, name = "") {
  await page.fill("#login-name", name);
  await page.click("#login-button");
}

export async function signOut(page) {
  await page.click("#logout-button");
  await page.waitForSelector("body[data-state=signed-out]");
}

/* While the browser's dialog is open, no click reaches the page; its scripts run. */
export async function cancel(page) {
  await page.locator("#cancel-button").dispatchEvent("click");
}

/* Waits until it comes to that, and fails as soon as it comes to something else.
 * Returns: what it says */
async function saying(page, wanted) {
  await page.waitForSelector(`body:not([data-state=waiting])[data-state]`);
  const state = await page.getAttribute("body", "data-state");
  const text = await page.innerText("#status");
  if (state !== wanted) {
    throw new Error(`The site is "${state}" in place of "${wanted}": ${text}`);
  }
  return text;
}

export const success = (page) => saying(page, "signed-in");
export const failure = (page) => saying(page, "error");

/* Whether it still waits for the browser. */
export async function waits(page) {
  return await page.getAttribute("body", "data-state") === "waiting";
}
