// Loads the page. A file of its own, because the page's Content-Security-Policy
// allows no script inside the HTML.
import load from "./banter.js";

load({ module_or_path: new URL("./banter.wasm", import.meta.url) });
