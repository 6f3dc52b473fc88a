// pg-boss, tuned: batches, several workers, LISTEN/NOTIFY.   node pg_boss.mjs URL
import { performance } from "node:perf_hooks";
import { PgBoss } from "pg-boss";
import { TASKS, idle, inFlight, print } from "./measure.mjs";

const boss = new PgBoss({ connectionString: process.argv[2], max: 10, supervise: false, schedule: false,
  useListenNotify: true });
boss.on("error", (error) => {
  throw error;
});
await boss.start();
await boss.createQueue("triggers");
await boss.createQueue("idle", { notify: true });

const triggers = TASKS / (await inFlight(TASKS, (n) => boss.send("triggers", { user: n })));

let done = 0;
const began = performance.now();
await new Promise((resolve) => {
  const options = { batchSize: 500, pollingIntervalSeconds: 0.5, localConcurrency: 4, burstWhenBatchFull: true };
  boss.work("triggers", options, async (jobs) => {
    done += jobs.length;
    if (done >= TASKS) resolve();
  });
});
await boss.offWork("triggers", { wait: true });
const drain = TASKS / ((performance.now() - began) / 1000);

let started = () => {};
await boss.work("idle", { pollingIntervalSeconds: 2, notify: true }, async () => started(performance.now()));
const waits = await idle(async () => {
  const when = new Promise((resolve) => (started = resolve));
  const sent = performance.now();
  await boss.send("idle", {});
  return (await when) - sent;
});
print("pg-boss", { triggers, drain, ...waits });
await boss.stop({ graceful: false });
process.exit(0);
