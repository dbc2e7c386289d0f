// Logs in to Neo4j Browser, whose guide has to open by itself, and runs all that its slides offer; prints what failed.
// node guide.cjs BROWSER_URL BOLT_ADDRESS SCREENSHOT_FOLDER on the demo's stack, with NEO4J_USER and NEO4J_PASSWORD set and NODE_PATH at a
// node_modules that has playwright-core.
const path = require("path");
const { chromium } = require("playwright-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];

async function main() {
  const [url, bolt, shots] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  const page = await browser.newPage({ viewport: { width: 1500, height: 950 } });
  await page.goto(url);
  await page.getByTestId("boltaddress").fill(bolt.replace("bolt://", ""));
  await page.getByTestId("username").fill(process.env.NEO4J_USER);
  await page.getByTestId("password").fill(process.env.NEO4J_PASSWORD);
  await page.getByTestId("connect").click();
  await page.getByText("Your code as a graph").first().waitFor();
  const editor = page.locator(".monaco-editor textarea").first();
  let ran = 0;
  let failed = 0;

  for (let slide = 1; ; slide += 1) {
    const offered = await page.locator("pre.runnable:visible").allTextContents();
    for (const [at, text] of offered.entries()) {
      await editor.click({ force: true });
      await page.keyboard.insertText(":clear");
      await page.keyboard.press("Control+Enter");
      await page.waitForTimeout(500);
      await page.locator("pre.runnable:visible").nth(at).click();
      await editor.click({ force: true });
      await page.keyboard.press("Control+Enter");
      await page.waitForTimeout(2500);
      ran += 1;
      const wrong = await page.locator("[data-testid=frameStatusbar]:has-text('ERROR'), [data-testid=frame]:has-text('Neo.ClientError')").count();
      failed += wrong > 0 ? 1 : 0;
      console.log(`${wrong ? "FAILED" : "ran   "} slide ${slide}: ${text.split("\n")[0].slice(0, 90)}`);
      await page.screenshot({ path: path.join(shots, `guide-${slide}-${at}.png`) });
    }
    const next = page.getByText("Next", { exact: true });
    if (!(await next.count()) || !(await next.isEnabled())) break;
    await next.click();
    await page.waitForTimeout(500);
    if (slide > 20) break;
  }
  console.log(`${ran - failed} of ${ran} ran`);
  await browser.close();
  process.exit(failed ? 1 : 0);
}

main();
