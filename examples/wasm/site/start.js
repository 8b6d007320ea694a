// Loads the module once, and starts it twice: in a worker as the server, and here as the client.
import "./wasm_exec.js";

const say = (id, text) => { document.getElementById(id).textContent = text; };

const begin = performance.now();
try {
  const { gzip } = await (await fetch("module.json")).json();
  say("module", (gzip / 2 ** 20).toFixed(2) + " MiB");
  const module = await WebAssembly.compileStreaming(fetch("paf.wasm"));
  const worker = new Worker("worker.js");
  await new Promise((ready, failed) => {
    worker.onmessage = ready;
    worker.onerror = failed;
    worker.postMessage(module);
  });
  worker.onmessage = null;
  say("start", ((performance.now() - begin) / 1000).toFixed(2) + " s");
  globalThis.pafWorker = worker;
  const go = new Go();
  go.argv = ["paf", "page"];
  await go.run(await WebAssembly.instantiate(module, go.importObject));
} catch (e) {
  say("state", String(e.message || e));
  document.documentElement.dataset.state = "failed";
  throw e;
}
