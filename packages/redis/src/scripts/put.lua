--[[
  Puts a cache entry, unless what is there already is as new or newer. So whoever is slow never overwrites what is newer.

  What is there can be lost: evicted, flushed, or never copied to the server that took over. So a value is put only where it
  can be seen that nothing newer was there since before it was read: over an older value, or over the stale marker or the
  reservation whose stamp its reader has seen. Where nothing is, no value is put. Whatever else is put has a new stamp.

  An entry is one byte of kind (1 value, 2 gone, 3 stale marker, 4 reservation), eight bytes of version (big-endian), and
  the payload; that of a marker and of a reservation is a stamp of eight bytes. The entry with the greater version wins. Of
  equal versions 'gone' wins over a value, both over a marker, and all over a reservation.

  KEYS[1]  key of the entry
  ARGV[1]  entry
  ARGV[2]  milliseconds to keep it
  ARGV[3]  the stamp that the reader of a value has seen; empty: none

  Returns 1 if the entry was put, 0 if it was not.
]]
local HEAD_BYTES = 9
local STAMP_BYTES = 8
local VALUE, GONE, STALE, RESERVED = 1, 2, 3, 4
local RANK = { [VALUE] = 2, [GONE] = 3, [STALE] = 1, [RESERVED] = 0 }

-- Two halves, because a Lua number holds 53 bits only; not string comparison, because that follows the locale.
local newKind, newHigh, newLow = struct.unpack('>BI4I4', ARGV[1])
local old = redis.call('GETRANGE', KEYS[1], 0, HEAD_BYTES + STAMP_BYTES - 1)
local oldKind
if #old >= HEAD_BYTES then
  local oldHigh, oldLow
  oldKind, oldHigh, oldLow = struct.unpack('>BI4I4', old)
  if newHigh < oldHigh then return 0 end
  if newHigh == oldHigh then
    if newLow < oldLow then return 0 end
    if newLow == oldLow and RANK[newKind] <= (RANK[oldKind] or 0) then return 0 end
  end
end
if newKind == VALUE and oldKind ~= VALUE then
  local stamped = oldKind == STALE or oldKind == RESERVED
  if not stamped or ARGV[3] == '' or string.sub(old, HEAD_BYTES + 1) ~= ARGV[3] then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
