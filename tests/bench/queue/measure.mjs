// What all three queues are asked to do. Each figure is printed by its caller.
import { performance } from "node:perf_hooks";

export const TASKS = 20_000;
export const IN_FLIGHT = 10;
export const IDLE_ROUNDS = 1000;
const BETWEEN_MS = 20; // long enough for all that listens to be idle again

export async function inFlight(count, call) {
  let next = 0;
  const lane = async () => {
    while (next < count) await call(next++);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return (performance.now() - began) / 1000;
}

// `start` enqueues one and resolves to the milliseconds until it was started.
export async function idle(start) {
  const waits = [];
  for (let round = 0; round < IDLE_ROUNDS; ++round) {
    waits.push(await start(round));
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
  waits.sort((a, b) => a - b);
  return { p50: waits[Math.floor(waits.length / 2)], p99: waits[Math.floor(waits.length * 0.99)] };
}

export function print(name, figures) {
  console.log(JSON.stringify({ name, ...figures }));
}
