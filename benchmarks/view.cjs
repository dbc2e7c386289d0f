// Opens a plan's drawn page in headless Chromium, without a graphics card, and tells how soon it stands and how it moves.
// node view.cjs PAGE SCREENSHOT_FOLDER, with NODE_PATH at a node_modules that has playwright-core; `mge view PLAN --no-browser`
// prints the page's address.
const path = require("path");
const { chromium } = require("playwright-core");

const FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic"];
const SECONDS = 4;

async function main() {
  const [url, shots] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.on("pageerror", (error) => {
    throw error;
  });
  const shot = (name) => page.screenshot({ path: path.join(shots, `view-${name}.png`) });
  const settled = () => page.waitForTimeout(3000);

  async function frames(name, act) {
    await page.evaluate(() => {
      window.gaps = [];
      let last = performance.now();
      const tick = (now) => {
        window.gaps.push(now - last);
        last = now;
        window.watch = requestAnimationFrame(tick);
      };
      window.watch = requestAnimationFrame(tick);
    });
    const begun = Date.now();
    for (let step = 0; Date.now() - begun < SECONDS * 1000; step += 1) await act(step);
    const gaps = await page.evaluate(() => {
      cancelAnimationFrame(window.watch);
      return window.gaps.sort((a, b) => a - b);
    });
    const whole = gaps.reduce((sum, gap) => sum + gap, 0);
    const at = (share) => gaps[Math.floor(share * (gaps.length - 1))].toFixed(0);
    const rate = ((1000 * gaps.length) / whole).toFixed(1);
    console.log(`${name}: ${rate} frames/s, ms between frames: median ${at(0.5)}, p95 ${at(0.95)}, most ${at(1)}`);
    await settled();
  }

  const pan = async (step) => {
    await page.mouse.move(600 + 200 * Math.sin(step / 20), 500 + 150 * Math.cos(step / 20));
    await page.waitForTimeout(8);
  };
  const zoom = async (step) => {
    await page.mouse.wheel(0, step % 40 < 20 ? -120 : 120);
    await page.waitForTimeout(50);
  };
  const dragged = async (name) => {
    await page.mouse.move(600, 650);
    await page.mouse.down();
    await frames(name, pan);
    await page.mouse.up();
  };

  await page.goto(url);
  await page.waitForFunction(() => performance.getEntriesByName("first-picture").length > 0);
  const first = await page.evaluate(() => performance.getEntriesByName("first-picture")[0].startTime);
  console.log(`first picture: ${(first / 1000).toFixed(2)} s`);
  await settled();
  await shot("modules");
  await dragged("panning modules");
  await page.click("#atoms");
  await settled();
  console.log(await page.textContent("#figures"));
  await shot("atoms");
  await dragged("panning atoms");
  await page.mouse.move(600, 450);
  await frames("zooming atoms", zoom);
  await browser.close();
}

main();
