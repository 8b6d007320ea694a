// Runs a program of WASI under node, with the descriptors 3 and 4 as its standard input and output: node (20) aborts when a program closes
// descriptors that are node's own.
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const wasi = new WASI({ version: "preview1", args: ["wasi"], stdin: 3, stdout: 4 });
const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), wasi.getImportObject());
process.exitCode = wasi.start(instance);
