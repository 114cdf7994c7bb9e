import RedisClient

/// A command for a key.
struct SinkCommand: Sendable {
    /// The key.
    var key: [UInt8]
    /// The command with its arguments, the key included.
    var words: [RedisCommand.Argument]
    /// The number of bytes, for bounds.
    var sizeInBytes: Int
}

/// The commands of records of a partition that follow each other, which are run in one step.
struct CommandChunk {
    private(set) var commands: [SinkCommand] = []
    private var sizeInBytes = 0
    /// The offset after the records.
    private(set) var next: Int64

    private let maxCount: Int
    private static let maxSizeInBytes = 1 << 20

    /// - Parameter maxCount: the number of commands from which on the chunk is full.
    init(at offset: Int64, maxCount: Int) { (next, self.maxCount) = (offset, maxCount) }

    /// Whether other records need another chunk, so that no step holds the server up for long.
    var isFull: Bool { commands.count >= maxCount || sizeInBytes >= Self.maxSizeInBytes }

    mutating func append(_ others: [SinkCommand], next: Int64) {
        commands += others
        sizeInBytes += others.reduce(0) { $0 + $1.sizeInBytes }
        self.next = next
    }

    /// Moves the offset past records without commands.
    mutating func move(to offset: Int64) { next = max(next, offset) }

    /// Returns the call of the script.
    func call(offsetKey: String, writer: String, from offset: Int64?, keyType: String) -> RedisCommand {
        let keys = Set(commands.map(\.key))
        var words: [RedisCommand.Argument] = [
            "EVAL", .init(OffsetScripts.commit), "\(keys.count + 1)", .init(offsetKey),
        ]
        words += keys.map { .init($0) }
        words += [.init(writer), .init(offset.map { "\($0)" } ?? ""), "\(next)", .init(keyType)]
        for command in commands {
            words.append("\(command.words.count)")
            words += command.words
        }
        return RedisCommand(words)
    }
}
