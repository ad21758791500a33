--[[
  Gives a message the next number of its channel and publishes it in the same step, so that numbers and messages can
  neither part nor overtake each other.

  A sequence that does not exist, or was lost to eviction or a restart, starts at the server's clock in microseconds:
  so it never gives a number again that a subscriber has already seen, and the loss shows as a gap.

  KEYS[1]  sequence of the channel
  ARGV[1]  channel
  ARGV[2]  message

  Returns the number of the message, in decimal.
]]
local sequence
if redis.call('EXISTS', KEYS[1]) == 1 then
  sequence = redis.call('INCR', KEYS[1])
else
  local time = redis.call('TIME')
  sequence = time[1] * 1000000 + time[2]
  redis.call('SET', KEYS[1], string.format('%.0f', sequence))
end
-- Lua would print a number of this size with 14 digits only.
local number = string.format('%.0f', sequence)
redis.call('PUBLISH', ARGV[1], number .. '\n' .. ARGV[2])
return number
