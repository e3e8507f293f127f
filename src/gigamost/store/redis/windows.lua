-- Sliding windows, as gigamost/limits/sliding.py has them, on Redis' own clock.
--
-- KEYS      for each draw: its ticks (a list, the oldest first) and its amounts (a hash by tick; "used" is their sum)
-- ARGV      what to do, a moment in microseconds (0: now), and for each draw: seconds, limit, amount
-- take      all draws or none: {0, now, then for each: used, last tick}
--           or {number of the one that does not fit, now, microseconds until it would, used, last tick}
-- look      answers as take does, and takes nothing
-- record    what was used elsewhere and is to count here; answers as take does, and never refuses
-- correct   adds the amounts, which may be negative, to what was used at the moment, if that still counts
local TICKS = 10000
local what, moment = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function whole(number) return string.format('%.0f', number) end

local function slide(ticks, amounts, gone)
  local last = redis.call('LINDEX', ticks, -1)
  if not last then return 0, 0 end
  if tonumber(last) <= gone then
    redis.call('UNLINK', ticks, amounts)
    return 0, 0
  end
  while tonumber(redis.call('LINDEX', ticks, 0)) <= gone do
    local old, count, freed = redis.call('LRANGE', ticks, 0, 99), 0, 0
    while count < #old and tonumber(old[count + 1]) <= gone do
      count = count + 1
      freed = freed + (redis.call('HGET', amounts, old[count]) or 0)
    end
    redis.call('HDEL', amounts, unpack(old, 1, count))
    redis.call('LTRIM', ticks, count, -1)
    redis.call('HINCRBY', amounts, 'used', whole(-freed))
  end
  return tonumber(redis.call('HGET', amounts, 'used') or 0), tonumber(last)
end

-- Microseconds until so much of what is used has left.
local function wait(ticks, amounts, over, grain)
  local from, freed = 0, 0
  while true do
    local some = redis.call('LRANGE', ticks, from, from + 99)
    if #some == 0 then return 0 end
    local used = redis.call('HMGET', amounts, unpack(some))
    for i = 1, #some do
      freed = freed + (used[i] or 0)
      if freed >= over then return (some[i] + TICKS) * grain - now end
    end
    from = from + 100
  end
end

local draws = {}
for i = 1, #KEYS / 2 do
  local seconds = tonumber(ARGV[i * 3])
  local draw = {
    ticks = KEYS[i * 2 - 1], amounts = KEYS[i * 2], seconds = seconds, grain = seconds * 1000000 / TICKS,
    limit = tonumber(ARGV[i * 3 + 1]), amount = tonumber(ARGV[i * 3 + 2]),
  }
  draw.used, draw.last = slide(draw.ticks, draw.amounts, math.floor(now / draw.grain) - TICKS)
  draws[i] = draw
end

if what == 'correct' then
  for _, draw in ipairs(draws) do
    local tick = whole(math.ceil(moment / draw.grain))
    if redis.call('HEXISTS', draw.amounts, tick) == 1 then
      redis.call('HINCRBY', draw.amounts, tick, draw.amount)
      redis.call('HINCRBY', draw.amounts, 'used', draw.amount)
    end
  end
  return {0, now}
end

if what == 'take' then
  for i, draw in ipairs(draws) do
    local over = draw.used + math.min(draw.amount, draw.limit) - draw.limit
    if over > 0 then
      return {i, now, wait(draw.ticks, draw.amounts, over, draw.grain), draw.used, draw.last}
    end
  end
end

local answer = {0, now}
if what == 'look' then
  for _, draw in ipairs(draws) do
    answer[#answer + 1] = draw.used
    answer[#answer + 1] = draw.last
  end
  return answer
end

for _, draw in ipairs(draws) do
  local tick = math.max(math.ceil(now / draw.grain), draw.last)
  if tick > draw.last then redis.call('RPUSH', draw.ticks, whole(tick)) end
  redis.call('HINCRBY', draw.amounts, whole(tick), draw.amount)
  answer[#answer + 1] = redis.call('HINCRBY', draw.amounts, 'used', draw.amount)
  answer[#answer + 1] = tick
  redis.call('EXPIRE', draw.ticks, draw.seconds + 1)
  redis.call('EXPIRE', draw.amounts, draw.seconds + 1)
end
return answer
