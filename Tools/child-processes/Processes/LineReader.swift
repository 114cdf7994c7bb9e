package import Foundation

/// The lines of a text that arrives in pieces.
package struct LineBuffer {
    private var rest = Data()

    package init() {}

    package mutating func append(_ piece: Data) { rest.append(piece) }

    /// Takes the next complete line out, without its end; `nil` if none has arrived.
    package mutating func next() -> String? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
        rest.removeSubrange(rest.startIndex...end)
        return line
    }
}

/// The lines that a process writes into a pipe.
package struct LineReader {
    private let handle: FileHandle
    private var buffer = LineBuffer()

    package init(_ pipe: Pipe) { handle = pipe.fileHandleForReading }

    /// Blocks until there is another line; `nil` at the end, and a line without an end is none.
    package mutating func next() -> String? {
        while true {
            if let line = buffer.next() { return line }
            let piece = handle.availableData
            if piece.isEmpty { return nil }
            buffer.append(piece)
        }
    }
}
