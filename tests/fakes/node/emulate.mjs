// Serve the emulator on a Unix socket, out of reach of the network, until standard input ends.
// usage: node emulate.mjs SERVICE SOCKET BASE_URL < seed.json   (in the folder that holds node_modules)
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [service, socket, baseUrl] = process.argv.slice(2);
const { createEmulator } = await import(pathToFileURL("node_modules/emulate/dist/api.js"));
const lines = createInterface({ input: process.stdin });
lines.once("line", async (seed) => {
  await createEmulator({ service, port: socket, baseUrl, seed: JSON.parse(seed) });
  console.log("ready");
});
lines.once("close", () => process.exit());
