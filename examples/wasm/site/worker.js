importScripts("wasm_exec.js");

self.onmessage = async ({ data: module }) => {
  self.onmessage = null;
  const go = new Go();
  go.argv = ["paf", "worker"];
  go.run(await WebAssembly.instantiate(module, go.importObject));
};
