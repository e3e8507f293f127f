-- One access token for all gateways, and one of them at a time that asks for it.
--
-- KEYS[1]   the token (a hash: tag, sealed, expires)   KEYS[2]   who asks for a new one   KEYS[3]   why there is none
-- KEYS[4]   the channel that says that something has changed
-- ARGV      what to do, the gateway, the credential, and
-- ask       the tag of the token it has, 1 if nobody may be given that one again, milliseconds
--           {"token", sealed, expires} | {"failed", problem} | {"yours"} ask, within these milliseconds | {"wait", ms}
-- stay      milliseconds: still asking
-- put       tag, sealed, expires (unix seconds as text, "" for never)
-- fail      problem ("": none to tell), milliseconds for which it answers for a new attempt
local what, gateway, credential = ARGV[1], ARGV[2], ARGV[3]

local function free()
  if redis.call('GET', KEYS[2]) == gateway then redis.call('DEL', KEYS[2]) end
  redis.call('PUBLISH', KEYS[4], credential)
end

if what == 'ask' then
  local tag = redis.call('HGET', KEYS[1], 'tag')
  if tag and tag ~= ARGV[4] then
    return {'token', redis.call('HGET', KEYS[1], 'sealed'), redis.call('HGET', KEYS[1], 'expires')}
  end
  if tag and ARGV[5] == '1' then redis.call('DEL', KEYS[1]) end
  local problem = redis.call('GET', KEYS[3])
  if problem then return {'failed', problem} end
  if redis.call('SET', KEYS[2], gateway, 'NX', 'PX', ARGV[6]) then return {'yours'} end
  return {'wait', redis.call('PTTL', KEYS[2])}
end

if what == 'stay' then
  if redis.call('GET', KEYS[2]) == gateway then redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
  return {}
end

if what == 'put' then
  redis.call('HSET', KEYS[1], 'tag', ARGV[4], 'sealed', ARGV[5], 'expires', ARGV[6])
  if ARGV[6] == '' then
    redis.call('PERSIST', KEYS[1])
  else
    redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(ARGV[6]) * 1000))
  end
  redis.call('DEL', KEYS[3])
  free()
  return {}
end

if redis.call('GET', KEYS[2]) == gateway then
  if ARGV[4] ~= '' then redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[5]) end
  free()
end
return {}
