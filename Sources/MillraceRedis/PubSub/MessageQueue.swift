import Foundation
import NIOCore
import RedisClient

/// The messages of a subscription between the connection and the thread that reads them. When it is full, new messages are dropped and
/// counted: Redis does not wait for anybody.
// @unchecked: the condition guards everything that changes.
final class MessageQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private let maxCount: Int
    private let maxSizeInBytes: Int
    private var messages: [PubSubMessage] = []
    private var sizeInBytes = 0
    private var droppedCount = 0
    private var isEnded = false

    init(maxCount: Int, maxSizeInBytes: Int) { (self.maxCount, self.maxSizeInBytes) = (maxCount, maxSizeInBytes) }

    /// Adds a message. Returns `false` if there is no room.
    func append(_ message: PubSubMessage) -> Bool {
        condition.withLock {
            guard messages.count < maxCount, sizeInBytes + message.sizeInBytes <= maxSizeInBytes else {
                droppedCount += 1
                return false
            }
            messages.append(message)
            sizeInBytes += message.sizeInBytes
            condition.signal()
            return true
        }
    }

    /// Notes that nothing comes any more.
    func end() {
        condition.withLock {
            isEnded = true
            condition.signal()
        }
    }

    /// Takes out messages, and the number of those that were dropped after them.
    ///
    /// - Returns: the messages; `nil` if there are none, and none will come.
    func take(_ count: Int, withinMs milliseconds: Int) -> (messages: [PubSubMessage], droppedCount: Int)? {
        condition.withLock {
            let deadline = Date(timeIntervalSinceNow: Double(milliseconds) / 1_000)
            while messages.isEmpty, !isEnded, milliseconds > 0 {
                if !condition.wait(until: deadline) { break }
            }
            if messages.isEmpty, isEnded { return nil }
            let taken = Array(messages.prefix(max(1, count)))
            messages.removeFirst(taken.count)
            sizeInBytes -= taken.reduce(0) { $0 + $1.sizeInBytes }
            // Those that were dropped came after all that wait.
            let dropped = messages.isEmpty ? droppedCount : 0
            droppedCount -= dropped
            return (taken, dropped)
        }
    }
}

/// A message of a channel.
struct PubSubMessage {
    var channel: [UInt8]
    var pattern: [UInt8]?
    var payload: [UInt8]
    var receivedMs: Int64

    var sizeInBytes: Int { channel.count + (pattern?.count ?? 0) + payload.count + 64 }

    /// Reads a message as the connection gives it; `nil` for a confirmation.
    init?(_ elements: [RedisValue], receivedMs: Int64) {
        let parts = elements.compactMap { $0.bytes.map { Array($0.readableBytesView) } }
        switch (elements.first?.text, parts.count) {
        case ("message", 3): (channel, pattern, payload) = (parts[1], nil, parts[2])
        case ("pmessage", 4): (channel, pattern, payload) = (parts[2], parts[1], parts[3])
        default: return nil
        }
        self.receivedMs = receivedMs
    }
}
