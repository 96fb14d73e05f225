// Loads the sign-in module, and the chat module when it asks for it, and says so
// where that fails. A file of its own: the Content-Security-Policy allows no
// inline scripts.
let chat;

// The reader's choice of colours and of the text size.
try {
  for (const name of ["theme", "text"]) {
    const chosen = localStorage.getItem(name);
    if (chosen) document.documentElement.dataset[name] = chosen;
  }
} catch {
  // This browser stores nothing.
}

async function loadChat() {
  const { default: load, start } = await import("./chat.js");
  await load({ module_or_path: new URL("./chat.wasm", import.meta.url) });
  return start;
}

async function loadSignIn() {
  const { default: load, start } = await import("./sign_in.js");
  await load({ module_or_path: new URL("./sign_in.wasm", import.meta.url) });
  start(() => {
    chat ??= loadChat().catch((error) => {
      chat = undefined;
      throw error;
    });
    return chat;
  });
}

// Also called by the modules after a panic.
window.showFailure = (text = "Banter could not be loaded. Check your connection and try again.") => {
  const main = document.createElement("main");
  main.className = "centre";
  const message = document.createElement("p");
  message.id = "load-failure";
  message.setAttribute("role", "alert");
  message.textContent = text;
  const button = document.createElement("button");
  button.className = "main";
  button.textContent = "Try again";
  button.addEventListener("click", () => location.reload());
  main.append(message, button);
  document.body.replaceChildren(main);
};

if (typeof WebAssembly === "object") {
  loadSignIn().catch((error) => {
    console.error(error);
    window.showFailure();
  });
} else {
  window.showFailure("Banter needs WebAssembly, which is turned off or missing in this browser.");
}
