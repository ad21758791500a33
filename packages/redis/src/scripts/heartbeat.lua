#!lua
--[[
  Tells the number of the last message of a channel, and which history of the server that is of: a replica that takes over
  begins a new one, though its number may be the same.

  It writes nothing, and yet is not marked as read-only: so a server that would refuse a publish refuses this as well
  (its memory is full, it is a replica, or it lacks the replicas that it must have), and can't vouch for being current.

  KEYS[1]  sequence of the channel

  Returns the number, in decimal ('0' if the channel has none), a space, and the replication id of the server, or nothing
  after the space if it does not tell.
]]
local info = redis.pcall('INFO', 'replication')
local history = type(info) == 'string' and string.match(info, 'master_replid:(%x+)') or ''
return (redis.call('GET', KEYS[1]) or '0') .. ' ' .. history
