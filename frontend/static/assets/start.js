// Loads the sign-in module, and the chat module when it asks for it. A file of
// its own: the Content-Security-Policy allows no inline scripts.
import load, { start } from "./sign_in.js";

let chat;

async function loadChat() {
  const { default: load, start } = await import("./chat.js");
  await load({ module_or_path: new URL("./chat.wasm", import.meta.url) });
  return start;
}

await load({ module_or_path: new URL("./sign_in.wasm", import.meta.url) });
start(() => {
  chat ??= loadChat().catch((error) => {
    chat = undefined;
    throw error;
  });
  return chat;
});
