// Loads the way in, and the rooms when it asks for them. A file of its own,
// because the page's Content-Security-Policy allows no script inside the HTML.
import load, { enter } from "./entry.js";

let rooms;

async function loadRooms() {
  const { default: load, show } = await import("./chat.js");
  await load({ module_or_path: new URL("./chat.wasm", import.meta.url) });
  return show;
}

await load({ module_or_path: new URL("./entry.wasm", import.meta.url) });
enter(() => {
  rooms ??= loadRooms().catch((error) => {
    rooms = undefined;
    throw error;
  });
  return rooms;
});
