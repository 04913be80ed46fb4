// The entry of the bundle: Azurite's blob service, which also ends when its standard input does. That is a pipe which
// only the process that started it holds open, so the service never outlives it, however that one ended.
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
require("azurite/dist/src/blob/main.js");
