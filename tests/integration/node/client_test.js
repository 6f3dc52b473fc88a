// A Node client (grpc-js, proto-loader), knowing nothing but the .proto files, drives every RPC that works.
'use strict';

const assert = require('node:assert/strict');
const {spawn} = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');

const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const PATIENCE_MS = 120_000;
const protoRoot = path.join(__dirname, '..', '..', '..', 'proto');
const files = ['memory', 'consolidation'].map((name) => `slowwave/v1/${name}.proto`);
const definition = protoLoader.loadSync(files, {
  includeDirs: [protoRoot],
  longs: Number,
  enums: String,
  keepCase: true,
  defaults: true,
  oneofs: true,
});
const {slowwave} = grpc.loadPackageDefinition(definition);
const {MemoryService, ConsolidationService} = slowwave.v1;
const later = new Set(['PreviewConsolidation', 'ApplyPreview', 'RevertRun', 'EraseUser', 'EraseEpisodes']);

const called = new Set();
let daemon;
let folder;
let clients;

async function eventually(condition, what) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const result = await condition();
    if (result) return result;
    assert.ok(Date.now() < deadline, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function methodNamed(name) {
  for (const [service, client] of clients) {
    if (service.service[name]) return {client, method: service.service[name]};
  }
  throw new Error(`no RPC ${name}`);
}

// Calls any RPC: `request` is one message, or a list of them if the client streams; so is what comes back.
function call(name, request) {
  const {client, method} = methodNamed(name);
  const options = {deadline: Date.now() + PATIENCE_MS};
  return new Promise((resolve, reject) => {
    const done = (error, answer) => {
      if (error) return reject(error);
      called.add(name);
      return resolve(answer);
    };
    if (method.responseStream) {
      const answers = [];
      const stream = client[name](request, options);
      stream.on('data', (answer) => answers.push(answer));
      stream.on('error', done);
      stream.on('end', () => done(null, answers));
    } else if (method.requestStream) {
      const stream = client[name](options, done);
      for (const each of request) stream.write(each);
      stream.end();
    } else {
      client[name](request, options, done);
    }
  });
}

async function refused(code, name, request) {
  await assert.rejects(call(name, request), (error) => {
    assert.equal(error.code, code, error.message);
    return true;
  });
}

async function drain(task) {
  const events = await call('WatchTask', {task_id: task.id});
  const last = events.at(-1).task;
  assert.equal(last.state, 'TASK_STATE_DONE');
  if (last.follow_up) await drain({id: last.follow_up});
  return {task: last, events};
}

const at = (iso) => ({seconds: Date.parse(iso) / 1000, nanos: 0});
const moves = [
  {id: 'n1', speaker: 'Olga', session_id: 's1', text: 'I live in Split.', occurred_at: at('2024-01-05T12:00:00Z')},
  {id: 'n2', speaker: 'Olga', session_id: 's2', text: 'I moved to Riga.', occurred_at: at('2024-06-07T12:00:00Z')},
  {id: 'n3', speaker: 'Olga', session_id: 's2', text: 'Thanks, good night!', occurred_at: at('2024-06-07T12:05:00Z')},
];

test.before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'slowwave-node-'));
  const ready = path.join(folder, 'ready.json');
  const log = fs.openSync(path.join(folder, 'log.txt'), 'a');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLOWWAVE_')));
  Object.assign(env, {
    SLOWWAVE_DATA_DIR: path.join(folder, 'data'),
    SLOWWAVE_LISTEN: '127.0.0.1:0',
    SLOWWAVE_HTTP_LISTEN: '127.0.0.1:0',
  });
  daemon = spawn(process.env.SLOWWAVE_BINARY, ['serve', '--ready-file', ready], {env, stdio: ['ignore', log, log]});
  await eventually(() => {
    assert.equal(daemon.exitCode, null, fs.readFileSync(path.join(folder, 'log.txt'), 'utf8'));
    return fs.existsSync(ready);
  }, 'the daemon to serve');
  const {listen} = JSON.parse(fs.readFileSync(ready, 'utf8'));
  clients = [MemoryService, ConsolidationService].map((Service) => [
    Service,
    new Service(listen, grpc.credentials.createInsecure()),
  ]);
});

test.after(async () => {
  if (clients) clients.forEach(([, client]) => client.close());
  if (daemon && daemon.exitCode === null) {
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    assert.equal(await ended, 0);
  }
  fs.rmSync(folder, {recursive: true});
});

test('episodes come in one by one and by stream, and nothing twice', async () => {
  const user = await call('RegisterUser', {user: 'olga'});
  assert.deepEqual([user.tenant, user.user, user.episodes], ['default', 'olga', 0]);
  const {results} = await call('IngestEpisodes', {user: 'olga', episodes: moves});
  assert.deepEqual(results.map((result) => result.status), Array(3).fill('INGEST_STATUS_STORED'));
  const summary = await call('IngestEpisodeStream', [
    {user: 'olga', episodes: moves.slice(0, 2)},
    {episodes: moves.slice(2)},
  ]);
  assert.deepEqual([summary.stored, summary.existed], [0, 3]);
  const listed = await call('ListEpisodes', {user: 'olga'});
  assert.deepEqual(listed.episodes.map((each) => each.episode.text), moves.map((each) => each.text));
});

test('a night of sleep gives dated facts with their evidence', async () => {
  const {task} = await call('TriggerConsolidation', {user: 'olga', reason: 'from node'});
  assert.deepEqual(task.reasons, ['from node']);
  const {task: ended, events} = await drain(task);
  const stages = [...new Set(events.map((event) => event.stage).filter(Boolean))];
  assert.deepEqual(stages, ['sample', 'cluster', 'extract', 'align', 'migrate']);
  assert.deepEqual(await call('GetTask', {task_id: task.id}), ended);

  const key = 'olga:location:current_city';
  const {facts} = await call('ListFacts', {user: 'olga', key, history: true});
  assert.deepEqual(facts.map((fact) => [fact.value, fact.current]), [['Split', false], ['Riga', true]]);
  assert.deepEqual(facts[0].valid_to, facts[1].valid_from);
  assert.equal(facts[1].evidence[0].episode_id, 'n2');
  assert.ok(moves[1].text.includes(facts[1].evidence[0].quote));
  const detail = await call('GetFact', {user: 'olga', key});
  assert.deepEqual(detail.history.map((fact) => fact.value), ['Split', 'Riga']);

  const report = await call('GetReport', {run_id: ended.run_id});
  assert.deepEqual([report.succeeded, report.sampled], [true, 3]);
  const replay = await call('ReplayRun', {run_id: ended.run_id});
  assert.deepEqual([replay.same_assertions, replay.differences], [report.assertions, []]);
  const {reports} = await call('ListReports', {user: 'olga'});
  assert.deepEqual(reports.map((each) => each.run_id), [report.run_id]);
  const {tasks} = await call('ListTasks', {user: 'olga', states: ['TASK_STATE_DONE']});
  assert.deepEqual(tasks.map((each) => each.id), [task.id]);
  const stored = await call('GetEpisode', {user: 'olga', episode_id: 'n1'});
  assert.deepEqual([stored.pending, stored.cited, stored.reviewed_by], [false, true, report.run_id]);
  const quarantine = await call('ListQuarantine', {user: 'olga'});
  assert.equal(quarantine.gists.length, (await call('GetUser', {user: 'olga'})).quarantined);
  assert.equal((await call('VerifyUser', {user: 'olga'})).equal, true);
});

test('conditions fire, and tasks that have ended are neither cancelled nor retried', async () => {
  await call('RegisterUser', {
    user: 'conditions',
    conditions: [{kind: 'TRIGGER_KIND_EVENT', events: ['task_completed']}],
  });
  assert.equal((await call('CheckTriggers', {user: 'conditions'})).fired, false);
  const answer = await call('CheckTriggers', {user: 'conditions', event: 'task_completed'});
  assert.deepEqual([answer.fired, answer.condition.times_fired], [true, 1]);
  await drain(answer.task);
  const settings = (await call('PutTenant', {tenant: 'settings', settings: {max_waiting: 5}}));
  assert.deepEqual([settings.max_waiting, settings.weight], [5, 1]);
  assert.equal((await call('GetTenant', {tenant: 'settings'})).max_waiting, 5);
  await refused(grpc.status.FAILED_PRECONDITION, 'CancelTask', {task_id: answer.task.id});
  await refused(grpc.status.FAILED_PRECONDITION, 'RetryTask', {task_id: answer.task.id});
});

test('a task that was cancelled in time can be retried', async () => {
  // The cancel races with the worker: either outcome is right, and one in many comes in time.
  for (let number = 0; number < 200; ++number) {
    const user = `cancel-${number}`;
    const episodes = Array.from({length: 60}, (_, i) => ({id: `${i}`, text: `I love judo and tea, note ${i}.`}));
    await call('IngestEpisodes', {user, episodes});
    const {task} = await call('TriggerConsolidation', {user});
    let cancelled;
    try {
      cancelled = await call('CancelTask', {task_id: task.id});
    } catch (error) {
      assert.equal(error.code, grpc.status.FAILED_PRECONDITION, error.message);
      continue;
    }
    assert.equal(cancelled.state, 'TASK_STATE_CANCELLED');
    await drain((await call('RetryTask', {task_id: task.id})).task);
    assert.equal((await call('GetUser', {user})).pending, 0);
    return;
  }
  assert.fail('every task ended before it could be cancelled');
});

test('slots are put and listed', async () => {
  const slot = {
    pattern: '*:custom:bicycle',
    category: 'CATEGORY_CUSTOM',
    cardinality: 'CARDINALITY_MANY',
    description: 'what they ride',
  };
  const put = await call('PutSlot', {slot});
  assert.equal(put.slot.pattern, slot.pattern);
  const {slots, version} = await call('ListSlots', {page_size: 1000});
  assert.equal(version, put.version);
  assert.ok(slots.some((each) => each.pattern === slot.pattern && !each.builtin));
});

test('an export comes back as another user', async () => {
  const records = await call('ExportUser', {user: 'olga'});
  assert.equal(records[0].record, 'header');
  const summary = await call('ImportUser', [{tenant: 'elsewhere', user: 'twin', records}]);
  assert.deepEqual([summary.stored, summary.refused], [3, 0]);
});

test('what comes later says so, and what is absent is not found', async () => {
  for (const name of later) await refused(grpc.status.UNIMPLEMENTED, name, {});
  await refused(grpc.status.NOT_FOUND, 'GetUser', {user: 'nobody'});
  await refused(grpc.status.INVALID_ARGUMENT, 'GetUser', {});
});

test('every working RPC was driven', () => {
  const all = clients.flatMap(([service]) => Object.keys(service.service));
  assert.deepEqual(all.filter((name) => !later.has(name) && !called.has(name)), []);
});
