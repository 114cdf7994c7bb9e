package import NIOCore

/// A command with its arguments.
///
/// ```swift
/// let command: RedisCommand = ["XADD", "events", "*", "amount", "12"]
/// ```
package struct RedisCommand: Sendable, ExpressibleByArrayLiteral {
    /// An argument.
    package struct Argument: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
        let bytes: ByteBuffer

        package init(_ text: String) { bytes = ByteBuffer(string: text) }
        package init(_ bytes: ByteBuffer) { self.bytes = bytes }
        package init(_ bytes: some Collection<UInt8>) { self.bytes = ByteBuffer(bytes: bytes) }
        package init(stringLiteral text: String) { self.init(text) }
    }

    private(set) var arguments: [Argument]
    /// Whether the answer stays as the server has written it, `RedisValue.encoded`. A failure is decoded all the same.
    package private(set) var wantsEncodedAnswer = false

    package init(_ arguments: [Argument]) { self.arguments = arguments }
    package init(arrayLiteral elements: Argument...) { arguments = elements }

    /// The same command, whose answer stays as the server has written it.
    package var withEncodedAnswer: RedisCommand {
        var command = self
        command.wantsEncodedAnswer = true
        return command
    }

    /// Adds arguments.
    package mutating func append(_ others: Argument...) { arguments += others }

    /// The first argument, for messages; the others may be secret.
    package var name: String { arguments.first.map { String(buffer: $0.bytes) } ?? "" }

    /// The arguments as texts; bytes that are not UTF-8 are replaced.
    package var texts: [String] { arguments.map { String(buffer: $0.bytes) } }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeString("*\(arguments.count)\r\n")
        for argument in arguments {
            buffer.writeString("$\(argument.bytes.readableBytes)\r\n")
            buffer.writeImmutableBuffer(argument.bytes)
            buffer.writeString("\r\n")
        }
    }
}
