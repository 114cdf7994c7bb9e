import Millrace
import RedisClient

/// The writing of commands together with the offset after their records, in one step of Redis.
///
/// A script runs as a whole before anything else. It first compares the writer's token and the offset with those in Redis, so a
/// writer that has lost its partition writes nothing. It also looks at the types of the keys, because what a script has written stays
/// when a later command of it fails.
enum OffsetScripts {
    /// Takes the sole right to write some partitions. Keys: those of the offsets. Arguments: the writer's token.
    static let begin = """
        local offsets = {}
        for i = 1, #KEYS do
            redis.call('HSET', KEYS[i], 'writer', ARGV[1])
            offsets[i] = redis.call('HGET', KEYS[i], 'offset')
        end
        return offsets
        """

    /// Runs commands and moves the offset. Keys: that of the offset, then those of the commands. Arguments: the writer's token, the
    /// offset as it has to be, the offset afterwards, the type of the keys, then each command after the number of its words.
    static let commit = """
        local held = redis.call('HMGET', KEYS[1], 'writer', 'offset')
        if held[1] ~= ARGV[1] then return redis.error_reply('FENCED another writer has the partition') end
        if (held[2] or '') ~= ARGV[2] then return redis.error_reply('STALE the offset is ' .. (held[2] or 'missing')) end
        for i = 2, #KEYS do
            local kind = redis.call('TYPE', KEYS[i])['ok']
            if kind ~= ARGV[4] and kind ~= 'none' then
                return redis.error_reply('WRONGTYPE ' .. KEYS[i] .. ' has a ' .. kind .. ', not a ' .. ARGV[4])
            end
        end
        local at = 5
        while at <= #ARGV do
            local count = tonumber(ARGV[at])
            redis.call(unpack(ARGV, at + 1, at + count))
            at = at + count + 1
        end
        redis.call('HSET', KEYS[1], 'offset', ARGV[3])
        return 'OK'
        """

    /// The number of words of a command up to which a script can run it. Lua's stack has room for 8,000.
    static let maxWordCount = 7_000
}
