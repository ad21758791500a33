#!lua
--[[
  Tells the number of the last message of a channel.

  It writes nothing, and yet is not marked as read-only: so a server that would refuse a publish refuses this as well
  (its memory is full, it is a replica, or it lacks the replicas that it must have), and can't vouch for being current.

  KEYS[1]  sequence of the channel

  Returns the number, in decimal; '0' if the channel has none.
]]
return redis.call('GET', KEYS[1]) or '0'
