// What a program does with jackd, part by part: node jackd_story.js PART PORT
"use strict";
const assert = require("node:assert/strict");
const JackdClient = require("jackd");

const refused = (word, promise) =>
  assert.rejects(promise, (error) => `${error.message} ${error.response}`.includes(word));

const story = {
  async work(client) {
    const id = await client.put("hällo\r\n", { priority: 7, delay: 0, ttr: 30 });
    const job = await client.reserve();
    assert.equal(job.id, id);
    assert.equal(job.payload.toString(), "hällo\r\n");
    await client.touch(id);
    await client.release(id, { priority: 3, delay: 100 });
    assert.equal((await client.peekDelayed()).id, id);
    await refused("TIMED_OUT", client.reserveWithTimeout(0));
    assert.equal((await client.reserveJob(id)).id, id);
    await client.delete(id);
    await refused("NOT_FOUND", client.delete(id));
  },

  async kick(client) {
    const id = await client.put("a");
    await client.reserve();
    await client.bury(id, 5);
    assert.equal((await client.peekBuried()).id, id);
    assert.equal(await client.kick(10), 1);
    assert.equal((await client.peekReady()).id, id);
    await client.reserve();
    await client.bury(id, 5);
    await client.kickJob(id);
    assert.equal((await client.peek(id)).payload.toString(), "a");
  },

  // pauseTube is left out: jackd 2.2.2 sends it without an end of line.
  async tubes(client) {
    assert.equal(await client.use("blue"), "blue");
    assert.equal(await client.watch("red"), 2);
    assert.equal(await client.ignore("default"), 1);
    await refused("NOT_IGNORED", client.ignore("red"));
    assert.equal(await client.listTubeUsed(), "blue");
    assert.equal((await client.listTubesWatched()).trim(), "---\n- red");
    const tubes = (await client.listTubes()).trim().split("\n").slice(1).sort();
    assert.deepEqual(tubes, ["- blue", "- default", "- red"]);
  },

  async stats(client) {
    const id = await client.put("a");
    assert.match(await client.statsJob(id), /^state: ready$/m);
    assert.match(await client.statsTube("default"), /^current-jobs-ready: 1$/m);
    assert.match(await client.stats(), /^total-jobs: 1$/m);
  },

  async refusals(client) {
    await refused("JOB_TOO_BIG", client.put(Buffer.alloc(65536)));
    await refused("NOT_FOUND", client.peekReady());
    await refused("BAD_FORMAT", client.use(":"));
    await client.put("short", { ttr: 1 });
    await client.reserve();
    await refused("DEADLINE_SOON", client.reserve());
  },

  async draining(client) {
    await refused("DRAINING", client.put("late"));
    await refused("TIMED_OUT", client.reserveWithTimeout(0));
  },
};

async function main(part, port) {
  const client = new JackdClient();
  await client.connect({ host: "127.0.0.1", port: Number(port) });
  await story[part](client);
  await client.quit();
  process.stdout.write(`${part}: told\n`);
}

main(...process.argv.slice(2));
