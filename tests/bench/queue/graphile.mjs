// graphile-worker, tuned: its local queue and batched completion.   node graphile.mjs URL
import { performance } from "node:perf_hooks";
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { TASKS, idle, inFlight, print } from "./measure.mjs";

const connectionString = process.argv[2];
const logger = new Logger(() => () => {});
const utils = await makeWorkerUtils({ connectionString, maxPoolSize: 10, logger });
await utils.migrate();

const triggers = TASKS / (await inFlight(TASKS, (n) => utils.addJob("triggers", { user: n })));

const worker = (taskList, localQueue) =>
  run({
    connectionString,
    logger,
    taskList,
    concurrency: 24,
    maxPoolSize: 10,
    pollInterval: 2000,
    noHandleSignals: true,
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0, ...localQueue } },
  });

let done = 0;
const began = performance.now();
const all = Promise.withResolvers();
const drainer = await worker(
  { triggers: async () => { if (++done === TASKS) all.resolve(); } },
  { localQueue: { size: 500 } },
);
await all.promise;
await drainer.stop();
const drain = TASKS / ((performance.now() - began) / 1000);

let started = () => {};
const waiter = await worker({ idle: async () => started(performance.now()) }, {});
const waits = await idle(async () => {
  const when = new Promise((resolve) => (started = resolve));
  const sent = performance.now();
  await utils.addJob("idle", {});
  return (await when) - sent;
});
await waiter.stop();
await utils.release();
print("graphile-worker", { triggers, drain, ...waits });
