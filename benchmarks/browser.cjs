// Pastes queries into Neo4j Browser and prints, a JSON line each, the rows that its JSON export holds.
// node browser.cjs BROWSER_URL BOLT_ADDRESS JOBS.json SCREENSHOT_FOLDER, with NEO4J_USER and NEO4J_PASSWORD set.
const fs = require("fs");
const path = require("path");
const { chromium } = require("playwright-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];

async function main() {
  const [url, bolt, jobs, shots] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, acceptDownloads: true });
  await page.goto(url);
  await page.getByTestId("boltaddress").fill(bolt.replace("bolt://", ""));
  await page.getByTestId("username").fill(process.env.NEO4J_USER);
  await page.getByTestId("password").fill(process.env.NEO4J_PASSWORD);
  await page.getByTestId("connect").click();
  await page.locator(".monaco-editor textarea").first().waitFor();
  await page.waitForTimeout(2000);

  async function run(text) {
    await page.locator(".monaco-editor textarea").first().click({ force: true });
    await page.keyboard.press("Control+A");
    await page.keyboard.press("Delete");
    await page.keyboard.insertText(text);
    await page.keyboard.press("Control+Enter");
  }

  for (const job of JSON.parse(fs.readFileSync(jobs, "utf8"))) {
    await run(":clear");
    await page.getByTestId("frame").first().waitFor({ state: "detached" });
    for (const [name, value] of Object.entries(job.parameters)) {
      await run(`:param ${name} => ${JSON.stringify(value)}`);
      await page.getByText("Successfully set your parameters").first().waitFor();
      await run(":clear");
      await page.getByTestId("frame").first().waitFor({ state: "detached" });
    }
    await run(job.text);
    const status = page.getByTestId("frameStatusbar").first();
    await status.getByText(/completed (after|in)|no records/i).first().waitFor({ timeout: 20000 }).catch(() => undefined);
    const answer = { name: job.name, rows: null };
    await page.screenshot({ path: path.join(shots, `${job.name.replace("/", "_")}.png`) });
    if (await page.getByTestId("cypherFrameErrorMessage").count()) {
      answer.error = await page.getByTestId("cypherFrameErrorMessage").first().innerText();
    } else if (await page.getByTestId("frame-export-dropdown").count()) {
      await page.getByTestId("frame-export-dropdown").first().hover();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByTestId("exportJSONButton").first().click(),
      ]);
      // Browser writes line ends into its JSON as they are, so it is read where that can be allowed.
      answer.rows = fs.readFileSync(await download.path(), "utf8").replace(/^\uFEFF/, "");
    } else {
      answer.rows = "[]";
    }
    console.log(JSON.stringify(answer));
  }
  await browser.close();
}

main();
