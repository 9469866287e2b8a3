// node-redis does the five uses, in RESP2 and RESP3; the address comes in ADDR.
const assert = require('assert');
const { createClient } = require('redis');

async function uses(RESP) {
  const r = await createClient({ url: `redis://${process.env.ADDR}`, RESP }).connect();
  await r.flushAll();
  // cache
  assert.strictEqual(await r.get('page'), null);
  await r.set('page', '<html>', { EX: 60 });
  assert.strictEqual(await r.get('page'), '<html>');
  // session
  await r.hSet('session:1', { user: 'ada', cart: 3 });
  await r.expire('session:1', 3600);
  assert.deepStrictEqual({ ...(await r.hGetAll('session:1')) }, { user: 'ada', cart: '3' });
  // lock
  assert.strictEqual(await r.set('lock', 'me', { PX: 60000, NX: true }), 'OK');
  assert.strictEqual(await r.set('lock', 'you', { PX: 60000, NX: true }), null);
  assert.strictEqual(await r.sendCommand(['DELEX', 'lock', 'IFEQ', 'me']), 1);
  // rate limit
  assert.deepStrictEqual(await Promise.all([r.incr('rate:1'), r.incr('rate:1')]), [1, 2]);
  // leaderboard
  await r.zAdd('board', [{ score: 10, value: 'ada' }, { score: 20.5, value: 'bob' }]);
  assert.deepStrictEqual((await r.zRangeWithScores('board', 0, 0, { REV: true })).map((m) => ({ ...m })), [{ value: 'bob', score: 20.5 }]);
  await r.close();
}

(async () => { await uses(2); await uses(3); })().catch((e) => { console.error(e); process.exit(1); });
