extension LogicalMessage {
    /// Decodes a message.
    ///
    /// - Throws: `ReplicationProblem` for bytes that are no such message.
    package init(_ bytes: UnsafeRawBufferPointer) throws(ReplicationProblem) {
        var reader = MessageReader(bytes)
        let kind: UInt8 = try reader.integer()
        switch Character(Unicode.Scalar(kind)) {
        case "B": self = .begin(try Transaction(&reader))
        case "C":
            _ = try reader.integer(UInt8.self)
            self = .commit(position: try reader.position(), end: try reader.position(), try Timestamp(&reader))
        case "R": self = .relation(try Relation(&reader))
        case "Y": self = .type(try reader.integer(), schema: try reader.text(), name: try reader.text())
        case "I":
            let relation: UInt32 = try reader.integer()
            try reader.expect("N")
            self = .insert(relation: relation, try Row(&reader))
        case "U": self = try Self.update(&reader)
        case "D":
            let relation: UInt32 = try reader.integer()
            guard let old = try OldRow(&reader, try reader.integer()) else {
                throw ReplicationProblem("a deletion has no old row")
            }
            self = .delete(relation: relation, old)
        case "T": self = try Self.truncation(&reader)
        case "M": self = try Self.message(&reader)
        case "O":
            _ = try reader.position()
            self = .origin(try reader.text())
        default: throw ReplicationProblem("a message is of the unknown kind \(kind)")
        }
        if !reader.isAtEnd { throw ReplicationProblem("a message of kind \(kind) goes on after its end") }
    }

    private static func update(_ reader: inout MessageReader) throws(ReplicationProblem) -> LogicalMessage {
        let relation: UInt32 = try reader.integer()
        let first: UInt8 = try reader.integer()
        let old = try OldRow(&reader, first)
        if old == nil, first != UInt8(ascii: "N") { throw ReplicationProblem("an update has no new row") }
        if old != nil { try reader.expect("N") }
        return .update(relation: relation, old: old, try Row(&reader))
    }

    private static func truncation(_ reader: inout MessageReader) throws(ReplicationProblem) -> LogicalMessage {
        let count: UInt32 = try reader.integer()
        let options: UInt8 = try reader.integer()
        var relations: [UInt32] = []
        for _ in 0..<count { relations.append(try reader.integer()) }
        return .truncate(relations: relations, cascades: options & 1 != 0, restartsIdentity: options & 2 != 0)
    }

    private static func message(_ reader: inout MessageReader) throws(ReplicationProblem) -> LogicalMessage {
        let flags: UInt8 = try reader.integer()
        let position = try reader.position()
        let prefix = try reader.text()
        let size: UInt32 = try reader.integer()
        let contents = Array(try reader.bytes(Int(size)))
        return .message(prefix: prefix, contents, isTransactional: flags & 1 != 0, position)
    }
}

extension LogicalMessage.Transaction {
    init(_ reader: inout MessageReader) throws(ReplicationProblem) {
        self.init(commit: try reader.position(), time: try .init(&reader), id: try reader.integer())
    }
}

extension LogicalMessage.Timestamp {
    init(_ reader: inout MessageReader) throws(ReplicationProblem) { self.init(microseconds: try reader.integer()) }
}

extension Relation {
    init(_ reader: inout MessageReader) throws(ReplicationProblem) {
        let id: UInt32 = try reader.integer()
        let schema = try reader.text()
        let name = try reader.text()
        guard let identity = Identity(rawValue: try reader.integer()) else {
            throw ReplicationProblem("the replica identity of \(name) is unknown")
        }
        let count: UInt16 = try reader.integer()
        var columns: [Column] = []
        for _ in 0..<count {
            let flags: UInt8 = try reader.integer()
            columns.append(
                Column(
                    name: try reader.text(), type: try reader.integer(), modifier: try reader.integer(),
                    isKey: flags & 1 != 0))
        }
        // The server's system schema has no name.
        self.init(
            id: id, schema: schema.isEmpty ? "pg_catalog" : schema, name: name, identity: identity, columns: columns)
    }
}

extension Row {
    init(_ reader: inout MessageReader) throws(ReplicationProblem) {
        let count: UInt16 = try reader.integer()
        var values: [Value] = []
        values.reserveCapacity(Int(count))
        for _ in 0..<count {
            let kind: UInt8 = try reader.integer()
            switch Character(Unicode.Scalar(kind)) {
            case "n": values.append(.null)
            case "u": values.append(.unchanged)
            case "t": values.append(.text(try Self.value(&reader)))
            case "b": values.append(.binary(try Self.value(&reader)))
            default: throw ReplicationProblem("a value is of the unknown kind \(kind)")
            }
        }
        self.init(values)
    }

    private static func value(_ reader: inout MessageReader) throws(ReplicationProblem) -> [UInt8] {
        let size: UInt32 = try reader.integer()
        return Array(try reader.bytes(Int(size)))
    }
}

extension OldRow {
    /// Reads an old row of a kind; `nil` if there is none.
    init?(_ reader: inout MessageReader, _ kind: UInt8) throws(ReplicationProblem) {
        switch Character(Unicode.Scalar(kind)) {
        case "K": self = .key(try Row(&reader))
        case "O": self = .full(try Row(&reader))
        default: return nil
        }
    }
}

extension MessageReader {
    mutating func expect(_ kind: Unicode.Scalar) throws(ReplicationProblem) {
        let found: UInt8 = try integer()
        if UInt32(found) != kind.value { throw ReplicationProblem("instead of \(kind) there is \(found)") }
    }
}
