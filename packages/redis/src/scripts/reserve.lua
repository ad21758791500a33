--[[
  Takes the place of an entry for somebody who is about to read the truth and to put it there (see put.lua).

  KEYS[1]  key of the entry
  ARGV[1]  a new reservation: an entry
  ARGV[2]  milliseconds to keep it
  ARGV[3]  eight bytes of a version (big-endian) that is about to exist: what is older gives way. Empty: nothing does.

  Returns the stamp to put the value with: that of the reservation or of the stale marker that is there, or else the new one.
  Empty if a value or a tombstone is there, which says by its version what may replace it.
]]
local HEAD_BYTES = 9
local STAMP_BYTES = 8
local VALUE, GONE, STALE, RESERVED = 1, 2, 3, 4

local stamp = string.sub(ARGV[1], HEAD_BYTES + 1)
local old = redis.call('GETRANGE', KEYS[1], 0, HEAD_BYTES + STAMP_BYTES - 1)
if #old >= HEAD_BYTES then
  local kind, high, low = struct.unpack('>BI4I4', old)
  local outdated = false
  if ARGV[3] ~= '' then
    local newHigh, newLow = struct.unpack('>I4I4', ARGV[3])
    outdated = high < newHigh or (high == newHigh and low < newLow)
  end
  if not outdated then
    if kind == VALUE or kind == GONE then return '' end
    if kind == RESERVED then
      redis.call('PEXPIRE', KEYS[1], ARGV[2])
      return string.sub(old, HEAD_BYTES + 1)
    end
    if kind == STALE then
      if #old == HEAD_BYTES + STAMP_BYTES then return string.sub(old, HEAD_BYTES + 1) end
      -- From a version of ours without stamps.
      redis.call('APPEND', KEYS[1], stamp)
      return stamp
    end
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return stamp
