// Validates an AsyncAPI document with the project's own parser.
//
// Usage: NODE_PATH=.../node_modules node asyncapi.cjs docs/asyncapi.json

const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

const [file] = process.argv.slice(2);

new Parser().parse(readFileSync(file, "utf8")).then(({ document, diagnostics }) => {
  // Severities 0 and 1 are errors and warnings; others are hints, such as a newer version.
  const faults = diagnostics.filter(({ severity }) => severity <= 1);
  for (const { message, path } of faults) {
    console.error(`${file}: ${path.join(".")}: ${message}`);
  }
  process.exitCode = document && faults.length === 0 ? 0 : 1;
});
