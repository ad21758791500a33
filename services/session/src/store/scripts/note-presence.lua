--[[
  Notes when users of one shard were last active, or that they have gone offline, and removes whom nobody has seen within
  the window.

  The score of a user is the Unix second of the last use. The score of one who was taken offline is minus the Unix
  millisecond of that: uses up to then can be noted later than that, and must not bring the user back.

  KEYS[1]  shard: a sorted set of users, each the 16 bytes of an id
  ARGV[1]  now, in Unix milliseconds
  ARGV[2]  window, in milliseconds
  ARGV[3]  and from there in turns: Unix milliseconds of a use, or minus those of going offline; and the user

  Returns how many users the shard then holds, online or not.
]]
local now, window = tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 3, #ARGV, 2 do
  local at, user = tonumber(ARGV[i]), ARGV[i + 1]
  local known = tonumber(redis.call('ZSCORE', KEYS[1], user) or 0)
  if at < 0 then
    if known * 1000 <= -at then redis.call('ZADD', KEYS[1], string.format('%.0f', at), user) end
  elseif known >= 0 or at > -known then
    redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', math.floor(at / 1000)), user)
  end
end
-- Milliseconds below zero, seconds above: whatever lies between the two ends is older than the window.
local oldest = now - window
redis.call('ZREMRANGEBYSCORE', KEYS[1], string.format('(%.0f', -oldest), string.format('(%.0f', math.floor(oldest / 1000)))
redis.call('PEXPIRE', KEYS[1], window)
return redis.call('ZCARD', KEYS[1])
