-- Values of all gateways by their digests, at most so many bytes in all: what ends soonest goes first.
--
-- KEYS      get: the values                 put: [1] the value, [2] when values end (a sorted set), [3] bytes in all
-- ARGV[1]   what to do; for put then: what the names of values begin with, the digest, the value, milliseconds, the most
--           bytes in all
-- get       {value, ...}, '' for what is not there
-- put       {1} it is there, {0} there was no room
--
-- In the set a value is "<digest>:<bytes>", because its size must be known when Redis has let it expire.
if ARGV[1] == 'get' then
  local found = redis.call('MGET', unpack(KEYS))
  for at = 1, #KEYS do found[at] = found[at] or '' end
  return found
end

local ends, total = KEYS[2], KEYS[3]
local prefix, digest, value, life, most = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local ASIDE = 300 -- bytes that an entry takes beside its value
local SWEEP, MOST_OUT = 100, 1000 -- entries looked at in one call, which others wait for

local function size_of(member) return tonumber(string.match(member, ':(%d+)$')) + ASIDE end

local function forget(member)
  redis.call('ZREM', ends, member)
  redis.call('DECRBY', total, size_of(member))
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, member in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, SWEEP)) do forget(member) end
local before = redis.call('STRLEN', KEYS[1])
if before > 0 and redis.call('ZREM', ends, digest .. ':' .. before) == 1 then
  redis.call('DECRBY', total, before + ASIDE)
end
redis.call('DEL', KEYS[1])
if redis.call('EXISTS', ends) == 0 then redis.call('SET', total, 0) end

local size = #value + ASIDE
local room = most - size - tonumber(redis.call('GET', total) or 0)
for _ = 1, MOST_OUT do
  if room >= 0 then break end
  local soonest = redis.call('ZRANGE', ends, 0, 0)[1]
  if not soonest then break end
  forget(soonest)
  redis.call('DEL', prefix .. string.match(soonest, '^(%x+):'))
  room = room + size_of(soonest)
end
if room < 0 then return {0} end
redis.call('SET', KEYS[1], value, 'PX', life)
redis.call('ZADD', ends, now + life, digest .. ':' .. #value)
redis.call('INCRBY', total, size)
return {1}
