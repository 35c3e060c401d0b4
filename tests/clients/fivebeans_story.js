// What a program does with fivebeans, part by part: node fivebeans_story.js PART PORT
"use strict";
const assert = require("node:assert/strict");
const { once } = require("node:events");
const { client: FiveBeans } = require("fivebeans");

// Its functions take a callback (error, ...values); a promise of the values is shorter.
const told = (client, command, ...words) =>
  new Promise((resolve, reject) => {
    const done = (error, ...values) =>
      error ? reject(new Error(error)) : resolve(values);
    client[command](...words, done);
  });

const refused = (word, promise) => assert.rejects(promise, { message: word });

const story = {
  async work(say) {
    const [id] = await say("put", 7, 0, 30, "hällo\r\n");
    const [reserved, payload] = await say("reserve");
    assert.equal(reserved, id);
    assert.equal(payload.toString(), "hällo\r\n");
    await say("touch", id);
    await say("release", id, 3, 100);
    assert.equal((await say("peek_delayed"))[0], id);
    await refused("TIMED_OUT", say("reserve_with_timeout", 0));
    await say("destroy", id);
    await refused("NOT_FOUND", say("destroy", id));
  },

  async kick(say) {
    const [id] = await say("put", 0, 0, 60, "a");
    await say("reserve");
    await say("bury", id, 5);
    assert.equal((await say("peek_buried"))[0], id);
    assert.deepEqual(await say("kick", 10), ["1"]);
    assert.equal((await say("peek_ready"))[0], id);
    await say("reserve");
    await say("bury", id, 5);
    await say("kick_job", id);
    assert.equal((await say("peek", id))[1].toString(), "a");
  },

  async tubes(say) {
    assert.deepEqual(await say("use", "blue"), ["blue"]);
    assert.deepEqual(await say("watch", "red"), ["2"]);
    assert.deepEqual(await say("ignore", "default"), ["1"]);
    await refused("NOT_IGNORED", say("ignore", "red"));
    assert.deepEqual(await say("list_tube_used"), ["blue"]);
    assert.deepEqual(await say("list_tubes_watched"), [["red"]]);
    const [tubes] = await say("list_tubes");
    assert.deepEqual(tubes.sort(), ["blue", "default", "red"]);
    await say("put", 0, 0, 60, "a");
    await say("pause_tube", "blue", 100);
    await say("watch", "blue");
    await refused("TIMED_OUT", say("reserve_with_timeout", 0));
    await say("pause_tube", "blue", 0);
    assert.equal((await say("reserve_with_timeout", 0))[1].toString(), "a");
  },

  async stats(say) {
    const [id] = await say("put", 0, 0, 60, "a");
    const [[job], [tube], [all]] = [
      await say("stats_job", id),
      await say("stats_tube", "default"),
      await say("stats"),
    ];
    assert.equal(job.state, "ready");
    assert.equal(tube["current-jobs-ready"], 1);
    assert.equal(all["total-jobs"], 1);
    assert.equal(all.draining, false);
    assert.ok(Object.keys(all).length >= 51);
  },

  async refusals(say) {
    await refused("JOB_TOO_BIG", say("put", 0, 0, 60, Buffer.alloc(65536)));
    await refused("NOT_FOUND", say("peek_ready"));
    await refused("BAD_FORMAT", say("use", ":"));
    await say("put", 0, 0, 1, "short");
    await say("reserve");
    await refused("DEADLINE_SOON", say("reserve"));
  },

  async draining(say) {
    await refused("DRAINING", say("put", 0, 0, 60, "late"));
    await refused("TIMED_OUT", say("reserve_with_timeout", 0));
  },
};

async function main(part, port) {
  const client = new FiveBeans("127.0.0.1", Number(port));
  client.connect();
  await once(client, "connect");
  await story[part]((...words) => told(client, ...words));
  client.quit(() => {});
  await once(client, "close");
  process.stdout.write(`${part}: told\n`);
}

main(...process.argv.slice(2));
