--[[
  Puts a cache entry, unless what is there already is as new or newer. So whoever is slow never overwrites what is newer.

  An entry is one byte of kind (1 value, 2 gone, 3 stale marker), eight bytes of version (big-endian), and the payload.
  The entry with the greater version wins. Of equal versions 'gone' wins over a value, and both win over a marker.

  KEYS[1]  key of the entry
  ARGV[1]  entry
  ARGV[2]  milliseconds to keep it

  Returns 1 if the entry was put, 0 if the one that is there stays.
]]
local HEAD_BYTES = 9
local RANK = { [1] = 2, [2] = 3, [3] = 1 }

local old = redis.call('GETRANGE', KEYS[1], 0, HEAD_BYTES - 1)
if #old == HEAD_BYTES then
  -- Two halves, because a Lua number holds 53 bits only; not string comparison, because that follows the locale.
  local oldKind, oldHigh, oldLow = struct.unpack('>BI4I4', old)
  local newKind, newHigh, newLow = struct.unpack('>BI4I4', ARGV[1])
  if newHigh < oldHigh then return 0 end
  if newHigh == oldHigh then
    if newLow < oldLow then return 0 end
    if newLow == oldLow and RANK[newKind] <= (RANK[oldKind] or 0) then return 0 end
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
