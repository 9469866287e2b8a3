// ioredis does the five uses; the address comes in ADDR.
const assert = require('assert');
const Redis = require('ioredis');
const [host, port] = process.env.ADDR.split(':');

(async () => {
  const r = new (Redis.default || Redis)({ host, port: Number(port) });
  // cache
  assert.strictEqual(await r.get('page'), null);
  assert.strictEqual(await r.set('page', '<html>', 'EX', 60), 'OK');
  assert.strictEqual(await r.get('page'), '<html>');
  // session
  await r.hset('session:1', { user: 'ada', cart: 3 });
  await r.expire('session:1', 3600);
  assert.deepStrictEqual({ ...(await r.hgetall('session:1')) }, { user: 'ada', cart: '3' });
  // lock
  assert.strictEqual(await r.set('lock', 'me', 'PX', 60000, 'NX'), 'OK');
  assert.strictEqual(await r.set('lock', 'you', 'PX', 60000, 'NX'), null);
  assert.strictEqual(await r.call('DELEX', 'lock', 'IFEQ', 'me'), 1);
  // rate limit
  const results = await r.pipeline().incr('rate:1').expire('rate:1', 60).exec();
  assert.deepStrictEqual(results.map(([, v]) => v), [1, 1]);
  // leaderboard
  await r.zadd('board', 10, 'ada', 20.5, 'bob');
  assert.deepStrictEqual(await r.zrevrange('board', 0, 0, 'WITHSCORES'), ['bob', '20.5']);
  assert.strictEqual(await r.zrevrank('board', 'ada'), 1);
  await r.quit();
})().catch((e) => { console.error(e); process.exit(1); });
