// The daemon, by gRPC.   node slowwave.mjs ADDRESS PROTO_FOLDER
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { TASKS, idle, inFlight, print } from "./measure.mjs";

const [address, protos] = process.argv.slice(2);
const files = ["slowwave/v1/consolidation.proto", "slowwave/v1/memory.proto"];
const loaded = loader.loadSync(files, { includeDirs: [protos], enums: String, longs: Number, defaults: true });
const { slowwave } = grpc.loadPackageDefinition(loaded);
const credentials = grpc.credentials.createInsecure();
const clients = [
  new slowwave.v1.ConsolidationService(address, credentials),
  new slowwave.v1.MemoryService(address, credentials),
];
const call = (name, request) => {
  const client = clients.find((each) => each[name]);
  return promisify(client[name].bind(client))(request);
};
const micros = (time) => time.seconds * 1e6 + time.nanos / 1e3;
const user = (n) => `user-${n}`;

await inFlight(TASKS, (n) => call("registerUser", { user: user(n), noConditions: true }));
await call("putTenant", { settings: { paused: true } });
const triggers = TASKS / (await inFlight(TASKS, (n) => call("triggerConsolidation", { user: user(n) })));

const began = performance.now();
await call("putTenant", { settings: { paused: false } });
const WAITING = ["TASK_STATE_WAITING", "TASK_STATE_RUNNING"];
while ((await call("listTasks", { states: WAITING, pageSize: 1 })).tasks.length > 0) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const drain = TASKS / ((performance.now() - began) / 1000);

const waits = await idle(async (round) => {
  const sent = (performance.timeOrigin + performance.now()) * 1e3;
  const { task } = await call("triggerConsolidation", { user: user(round) });
  for (;;) {
    const seen = await call("getTask", { taskId: task.id });
    // The store's clock, which is ours.
    if (seen.startedAt) return (micros(seen.startedAt) - sent) / 1e3;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});
// What a call costs by itself: it reads one row.
const call_alone = await idle(async (round) => {
  const sent = performance.now();
  await call("getUser", { user: user(round) });
  return performance.now() - sent;
});
print("slowwave", { triggers, drain, ...waits, call_alone });
process.exit(0);
