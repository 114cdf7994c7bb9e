import NIOCore

/// Takes apart the answers of an owner that arrive one after the other on a connection. It understands what instances write to answer a
/// read, with a `Content-Length`; everything else is a reason to close the connection.
struct AnswerParser {
    struct Answer {
        var status: Int
        var type: String?
        var position: String?
        /// Whether the owner closes the connection after the answer.
        var isLast = false
        /// The body; `nil` if it is too large for a read that takes no task.
        var body: ByteBuffer?
    }

    /// The answer is not what an instance writes.
    struct Unreadable: Error {}

    private struct Head {
        var answer: Answer
        var length: Int?
    }

    private var buffer = ByteBuffer()
    /// The head of the answer whose body has not arrived yet.
    private var head: Head?
    /// The number of bytes of a body that is too large and of which nothing is kept.
    private var skipCount = 0

    private static let maxHeadCount = 16 << 10
    /// The size of a body beyond which it is cheaper to begin a connection than to read it.
    private static let maxSkipCount = 1 << 20

    /// Takes what has arrived.
    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// Returns the next answer that has arrived as a whole.
    mutating func next() throws(Unreadable) -> Answer? {
        if head == nil {
            guard let end = try endOfHead() else { return nil }
            head = try readHead(end)
        }
        guard let head, let length = head.length else { throw Unreadable() }
        if length > ImmediateAnswer.maxCount { return try skip(head, length) }
        guard let body = buffer.readSlice(length: length) else { return nil }
        self.head = nil
        var answer = head.answer
        answer.body = body
        return answer
    }

    private mutating func skip(_ head: Head, _ length: Int) throws(Unreadable) -> Answer? {
        if length > Self.maxSkipCount { throw Unreadable() }
        let count = min(length - skipCount, buffer.readableBytes)
        buffer.moveReaderIndex(forwardBy: count)
        skipCount += count
        if skipCount < length { return nil }
        (self.head, skipCount) = (nil, 0)
        return head.answer
    }

    /// The number of bytes of the head with its empty line; `nil` if it is not complete.
    private func endOfHead() throws(Unreadable) -> Int? {
        let view = buffer.readableBytesView
        var from = view.startIndex
        while let feed = view[from...].firstIndex(of: UInt8(ascii: "\n")) {
            let count = view.distance(from: view.startIndex, to: feed) + 1
            if count > Self.maxHeadCount { throw Unreadable() }
            if count >= 4, view[feed - 1] == UInt8(ascii: "\r"), view[feed - 2] == UInt8(ascii: "\n") { return count }
            from = feed + 1
        }
        if view.count > Self.maxHeadCount { throw Unreadable() }
        return nil
    }

    private mutating func readHead(_ count: Int) throws(Unreadable) -> Head {
        guard let head = buffer.readSlice(length: count)?.readableBytesView else { throw Unreadable() }
        var lines = head.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
        guard let first = lines.popFirst(), let status = Self.status(first) else { throw Unreadable() }
        var found = Head(answer: Answer(status: status))
        for line in lines {
            guard line.last == UInt8(ascii: "\r") else {
                if line.isEmpty { break }
                throw Unreadable()
            }
            let line = line.dropLast()
            if line.isEmpty { break }
            try Self.read(line, into: &found)
        }
        return found
    }

    private static func read(_ line: ByteBufferView, into found: inout Head) throws(Unreadable) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw Unreadable() }
        let (name, value) = (line[..<colon], trimmed(line[(colon + 1)...]))
        if isName(name, "content-length") {
            guard found.length == nil, let length = number(value) else { throw Unreadable() }
            found.length = length
        } else if isName(name, "content-type") {
            found.answer.type = value.elementsEqual(json.utf8) ? json : String(decoding: value, as: UTF8.self)
        } else if isName(name, "millrace-position") {
            found.answer.position = String(decoding: value, as: UTF8.self)
        } else if isName(name, "connection") {
            found.answer.isLast = !isName(value, "keep-alive")
        } else if isName(name, "transfer-encoding") {
            throw Unreadable()
        }
    }

    private static let json = "application/json"

    /// The status of `HTTP/1.1 200 OK`; `nil` for a status that has no body or is not the last word.
    private static func status(_ line: ByteBufferView) -> Int? {
        guard line.count >= 14, line.last == UInt8(ascii: "\r"), line.starts(with: "HTTP/1.1 ".utf8),
            let status = number(line.dropFirst(9).prefix(3)), line.dropFirst(12).first == UInt8(ascii: " "),
            (200...599).contains(status), status != 204, status != 304
        else { return nil }
        return status
    }

    private static func number(_ digits: ByteBufferView) -> Int? {
        guard (1...9).contains(digits.count) else { return nil }
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            number = number * 10 + Int(digit - 0x30)
        }
        return number
    }

    private static func trimmed(_ value: ByteBufferView) -> ByteBufferView {
        var value = value
        while let first = value.first, first == 0x20 || first == 0x09 { value = value.dropFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value = value.dropLast() }
        return value
    }

    /// Compares names, whatever their case.
    ///
    /// - Parameter name: the name in small letters and hyphens.
    private static func isName(_ bytes: ByteBufferView, _ name: StaticString) -> Bool {
        guard bytes.count == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { name in zip(bytes, name).allSatisfy { $0 | 0x20 == $1 } }
    }
}
