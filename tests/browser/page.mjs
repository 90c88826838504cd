// The page of a proof in a real browser: it needs nothing else, fits the screen, follows light and dark, and is read with
// keyboard and screen reader. Usage: node page.mjs PAGE CHROMIUM
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [file, executablePath] = process.argv.slice(2);
// From where npm put it, which is not beside this file.
const { chromium } = createRequire(resolve("target/browser/x.js"))("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const url = pathToFileURL(resolve(file)).href;

try {
  const backgrounds = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
      const said = [];
      const asked = [];
      page.on("console", (message) => said.push(message.text()));
      page.on("pageerror", (error) => said.push(String(error)));
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(url);
      assert.deepEqual(said, [], "nothing on the console");
      assert.deepEqual(asked, [url], "no other file, and no network");

      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 0, `${width} px wide, ${colorScheme}: the page itself scrolls sideways by ${overflow} px`);
      // Pages without a background of their own have that of the colour scheme.
      backgrounds.push(await page.evaluate(() => {
        document.body.style.color = "CanvasText";
        return getComputedStyle(document.body).color;
      }));

      // What a screen reader gets.
      const tree = await page.locator("main").ariaSnapshot();
      for (const part of ["heading \"Proof: Dockerfile\" [level=1]", "columnheader \"Before\"", "rowheader \"layers\"", "img \"Layers from the lowest"]) {
        assert.ok(tree.includes(part), `${part}:\n${tree}`);
      }
      assert.ok(!tree.includes("alert(1)\" [active]"), tree);

      // What is folded, and what scrolls, is reached and worked with the keyboard.
      const reached = [];
      for (let n = 0; n < 12; n++) {
        await page.keyboard.press("Tab");
        reached.push(await page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.tagName));
      }
      assert.ok(reached.includes("Measures and checks"), String(reached));
      assert.ok(reached.includes("The Dockerfile before and after"), String(reached));
      const folded = page.locator("details");
      assert.ok((await folded.count()) > 0, "something is folded");
      await folded.first().locator("summary").focus();
      await page.keyboard.press("Enter");
      assert.equal(await folded.first().evaluate((it) => it.open), true, "Enter unfolds");
      await page.close();
    }
  }
  assert.notEqual(backgrounds[0], backgrounds[2], "light and dark differ");
  console.log("the page of a proof: read in a browser, light and dark, narrow and wide");
} finally {
  await browser.close();
}
