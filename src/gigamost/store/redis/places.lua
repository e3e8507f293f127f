-- Places for requests at the same time, and who goes next, as gigamost/limits/{waiting,places}.py have them.
--
-- A request is "<gateway>.<number>"; the numbers of a gateway grow. Each gateway keeps a sign of life; what belongs to
-- one without it is nobody's any more.
--
-- KEYS[1]   the room: held (a set), turns (a sorted set of lines), at (a hash: who waits in which line), count
-- KEYS[2]   what signs of life begin with           KEYS[3]   what the channels begin with, one for each gateway
-- ARGV      what to do, how many places there are, the gateway, and
-- enter     number, priority, group    {1} it has a place, {0} it waits
-- leave     number                     gives back its place or its waiting
-- sync      next number, how many it holds, their numbers, then number, priority, group of each that waits.
--           The room now says of this gateway what the gateway says of itself. Those who wait and have a place: {numbers}
local held, turns, at, count = KEYS[1] .. 'held', KEYS[1] .. 'turns', KEYS[1] .. 'at', KEYS[1] .. 'count'
local what, limit, gateway = ARGV[1], tonumber(ARGV[2]), ARGV[3]
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

local function serve()
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
  local who = gateway .. '.' .. ARGV[4]
  if redis.call('SCARD', held) < limit and redis.call('ZCARD', turns) == 0 then
    redis.call('SADD', held, who)
  else
    join(who, ARGV[5], ARGV[6])
    serve()
  end
  keep()
  return {redis.call('SISMEMBER', held, who)}
end

if what == 'leave' then
  local who = gateway .. '.' .. ARGV[4]
  redis.call('SREM', held, who)
  drop(who)
  serve()
  return {}
end

local nextnumber, holds = tonumber(ARGV[4]), tonumber(ARGV[5])
local own, waits, have = {}, {}, {}
for i = 6, 5 + holds do own[ARGV[i]] = true end
for i = 6 + holds, #ARGV, 3 do waits[ARGV[i]] = true end
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
for i = 6 + holds, #ARGV, 3 do
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
