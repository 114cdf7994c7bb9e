/// Goes through the fields of a structure in the order of the wire, reading or writing each.
protocol FieldCoder {
    /// The version of the message's layout.
    var version: Int16 { get }

    mutating func code<Value: WireValue>(_ value: inout Value) throws(MalformedMessage)
}

extension FieldCoder {
    /// A field that exists only in the versions from `first` through `last`; in others it keeps its value.
    mutating func field<Value: WireValue>(
        _ value: inout Value, since first: Int16 = 0, until last: Int16 = .max
    ) throws(MalformedMessage) {
        if version >= first && version <= last { try code(&value) }
    }

    /// A field that may be null since the version `nullable` only, and is `empty` rather than null before.
    mutating func field<Value: NullableWireValue>(
        _ value: inout Value?, nullableSince nullable: Int16, or empty: Value
    ) throws(MalformedMessage) {
        if version >= nullable {
            try code(&value)
        } else {
            var present = value ?? empty
            try code(&present)
            value = present
        }
    }
}

/// A message, or a structure in one: its fields are listed once, for reading and writing, for all versions.
///
/// Fields are named as in the message definitions of Apache Kafka (clients/src/main/resources/common/message), where
/// the meaning of each is to be found. Their order in `code` is the order on the wire.
protocol WireStructure: WireValue {
    /// All fields at their defaults.
    init()

    mutating func code(with coder: inout some FieldCoder) throws(MalformedMessage)
}

extension WireStructure {
    static func read(from reader: inout WireReader) throws(MalformedMessage) -> Self {
        var structure = Self()
        try structure.code(with: &reader)
        try reader.skipTaggedFields()
        return structure
    }

    func write(to writer: inout WireWriter) throws(MalformedMessage) {
        var structure = self
        try structure.code(with: &writer)
        writer.noTaggedFields()
    }
}

/// The body of a request.
protocol WireRequest: WireStructure {
    static var api: API { get }
    associatedtype Response: WireResponse
}

/// The body of a response.
protocol WireResponse: WireStructure {
    static var api: API { get }
}
