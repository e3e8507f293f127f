-- Places for requests at the same time, and who goes next, as gigamost/limits/{waiting,places}.py have them.
--
-- A request is "<gateway>.<number>"; the numbers of a gateway grow. Each gateway keeps a sign of life; what belongs to
-- one without it is nobody's any more.
--
-- KEYS[1]   the room: held (a set), turns (a sorted set of lines), at (a hash: who waits in which line), count
-- KEYS[2]   what signs of life begin with           KEYS[3]   what the channels begin with, one for each gateway
-- KEYS[4]   since when Redis knows anything at all: until everybody has told it again what they hold, each gateway has
--           its part of the places, as it had while Redis was away
-- ARGV      what to do, how many places there are, the gateway, its part of the places, and
-- enter     number, priority, group    {1} it has a place, {0} it waits
-- leave     number                     gives back its place or its waiting
-- sync      next number, how many it holds, their numbers, then number, priority, group of each that waits.
--           The room now says of this gateway what the gateway says of itself. Those who wait and have a place: {numbers}
local held, turns, at, count = KEYS[1] .. 'held', KEYS[1] .. 'turns', KEYS[1] .. 'at', KEYS[1] .. 'count'
local what, limit, gateway = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local part = tonumber(ARGV[4])
local SETTLE = 2 -- seconds for which Redis is new
local FORGET = 60000 -- milliseconds after which a room that nobody speaks of is gone
local TURN = 2 ^ 40 -- more turns than there ever are

local function split(who) return string.match(who, '^(.*)%.(%d+)$') end

local living = {[gateway] = true}
local function lives(name)
  if living[name] == nil then living[name] = redis.call('EXISTS', KEYS[2] .. name) == 1 end
  return living[name]
end

local function turn(line)
  local priority = tonumber(string.match(line, '^(-?%d+) '))
  return string.format('%.0f', -priority * TURN + redis.call('INCR', count))
end

local function join(who, priority, group)
  local line = priority .. ' ' .. group
  if not redis.call('ZSCORE', turns, line) then redis.call('ZADD', turns, turn(line), line) end
  redis.call('ZADD', KEYS[1] .. 'line ' .. line, redis.call('INCR', count), who)
  redis.call('HSET', at, who, line)
  redis.call('PEXPIRE', KEYS[1] .. 'line ' .. line, FORGET)
end

local function drop(who)
  local line = redis.call('HGET', at, who)
  if line then
    redis.call('HDEL', at, who)
    redis.call('ZREM', KEYS[1] .. 'line ' .. line, who)
    if redis.call('ZCARD', KEYS[1] .. 'line ' .. line) == 0 then redis.call('ZREM', turns, line) end
  end
end

local now = tonumber(redis.call('TIME')[1])
local born = tonumber(redis.call('GET', KEYS[4]))
if not born then
  born = now
  redis.call('SET', KEYS[4], born)
end
local new = now - born < SETTLE

local function holding(name)
  local number = 0
  for _, who in ipairs(redis.call('SMEMBERS', held)) do
    if split(who) == name then number = number + 1 end
  end
  return number
end

-- While Redis is new: everybody of whose gateway's part something is left.
local function servenew()
  for _, line in ipairs(redis.call('ZRANGE', turns, 0, -1)) do
    for _, who in ipairs(redis.call('ZRANGE', KEYS[1] .. 'line ' .. line, 0, -1)) do
      local name, number = split(who)
      if redis.call('SCARD', held) < limit and lives(name) and holding(name) < part then
        drop(who)
        redis.call('SADD', held, who)
        redis.call('PUBLISH', KEYS[3] .. name, number)
      end
    end
  end
end

local function serve()
  if new then return servenew() end
  while redis.call('SCARD', held) < limit do
    local line = redis.call('ZRANGE', turns, 0, 0)[1]
    if not line then return end
    local who = redis.call('ZPOPMIN', KEYS[1] .. 'line ' .. line)[1]
    if not who then
      redis.call('ZREM', turns, line)
    else
      redis.call('HDEL', at, who)
      local name, number = split(who)
      if redis.call('ZCARD', KEYS[1] .. 'line ' .. line) == 0 then
        redis.call('ZREM', turns, line)
      elseif lives(name) then
        redis.call('ZADD', turns, turn(line), line)
      end
      if lives(name) then
        redis.call('SADD', held, who)
        redis.call('PUBLISH', KEYS[3] .. name, number)
      end
    end
  end
end

local function keep()
  for _, key in ipairs({held, turns, at, count}) do redis.call('PEXPIRE', key, FORGET) end
end

if what == 'enter' then
  local who = gateway .. '.' .. ARGV[5]
  if not new and redis.call('SCARD', held) < limit and redis.call('ZCARD', turns) == 0 then
    redis.call('SADD', held, who)
  else
    join(who, ARGV[6], ARGV[7])
    serve()
  end
  keep()
  return {redis.call('SISMEMBER', held, who)}
end

if what == 'leave' then
  local who = gateway .. '.' .. ARGV[5]
  redis.call('SREM', held, who)
  drop(who)
  serve()
  return {}
end

local nextnumber, holds = tonumber(ARGV[5]), tonumber(ARGV[6])
local own, waits, have = {}, {}, {}
for i = 7, 6 + holds do own[ARGV[i]] = true end
for i = 7 + holds, #ARGV, 3 do waits[ARGV[i]] = true end
for _, who in ipairs(redis.call('SMEMBERS', held)) do
  local name, number = split(who)
  if name == gateway and waits[number] then
    have[#have + 1] = tonumber(number)
  elseif name == gateway and not own[number] and tonumber(number) < nextnumber or not lives(name) then
    redis.call('SREM', held, who)
  end
end
for number in pairs(own) do
  redis.call('SADD', held, gateway .. '.' .. number)
  drop(gateway .. '.' .. number)
end
for _, who in ipairs(redis.call('HKEYS', at)) do
  local name, number = split(who)
  if name == gateway and not waits[number] and tonumber(number) < nextnumber or not lives(name) then drop(who) end
end
for i = 7 + holds, #ARGV, 3 do
  local who = gateway .. '.' .. ARGV[i]
  if redis.call('SISMEMBER', held, who) == 0 and redis.call('HEXISTS', at, who) == 0 then
    join(who, ARGV[i + 1], ARGV[i + 2])
  end
end
for _, line in ipairs(redis.call('ZRANGE', turns, 0, -1)) do
  redis.call('PEXPIRE', KEYS[1] .. 'line ' .. line, FORGET)
end
serve()
keep()
return have
