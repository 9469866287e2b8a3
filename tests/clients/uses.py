"""redis-py does the five uses; the address comes in ADDR."""
import os
import redis

host, port = os.environ["ADDR"].split(":")
r = redis.Redis(host=host, port=int(port), decode_responses=True)

# cache
assert r.get("page") is None
assert r.set("page", "<html>", ex=60) and r.get("page") == "<html>" and 0 < r.ttl("page") <= 60
# session
r.hset("session:1", mapping={"user": "ada", "cart": 3})
assert r.expire("session:1", 3600) and r.hgetall("session:1") == {"user": "ada", "cart": "3"}
# lock
assert r.set("lock", "me", nx=True, px=60000) and r.set("lock", "you", nx=True, px=60000) is None
assert r.execute_command("DELEX", "lock", "IFEQ", "me") == 1
# rate limit
with r.pipeline(transaction=False) as p:
    assert p.incr("rate:1").expire("rate:1", 60).execute() == [1, True]
# leaderboard
r.zadd("board", {"ada": 10, "bob": 20.5})
assert r.zrevrange("board", 0, 0, withscores=True) == [("bob", 20.5)] and r.zrevrank("board", "ada") == 1
assert sorted(r.scan_iter()) == ["board", "page", "rate:1", "session:1"]
assert r.info("server")["redis_version"].startswith("7.")
