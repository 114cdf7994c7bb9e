import NIOCore

/// The header in front of every request's body.
struct RequestHeader: Hashable {
    /// The number of the API, known or not.
    var apiKey: Int16
    var version: Int16
    /// Chosen by the client; its response carries it back.
    var correlationID: Int32
    var clientID: String?

    /// Reads the header; the body is left in the buffer.
    ///
    /// An unknown API, or a version beyond the known ones, leaves `clientID` nil: the layout is not known from there.
    init(from buffer: inout ByteBuffer) throws(MalformedMessage) {
        var reader = WireReader(buffer, version: 0, isFlexible: false)
        apiKey = try reader.integer()
        version = try reader.integer()
        correlationID = try reader.integer()
        guard let api = API(rawValue: apiKey), api.versions.contains(version) else { return }
        // The client's name keeps its old layout in flexible headers, too.
        clientID = try String?.read(from: &reader)
        if api.requestHeaderIsFlexible(version) {
            var tags = WireReader(reader.buffer, version: 0, isFlexible: true)
            try tags.skipTaggedFields()
            buffer = tags.buffer
        } else {
            buffer = reader.buffer
        }
    }

    init(_ api: API, version: Int16, correlationID: Int32, clientID: String? = nil) {
        apiKey = api.rawValue
        self.version = version
        self.correlationID = correlationID
        self.clientID = clientID
    }
}

extension WireRequest {
    /// Reads the body of a request.
    ///
    /// Bytes after it are skipped, as in Kafka's broker: librdkafka 2.16 leaves three bytes after its request for the metadata
    /// of all topics.
    static func decode(_ buffer: ByteBuffer, version: Int16) throws(MalformedMessage) -> Self {
        var reader = WireReader(buffer, version: version, isFlexible: api.isFlexible(version))
        return try read(from: &reader)
    }

    /// The request as it goes over the wire, its size in front.
    func frame(_ header: RequestHeader) throws(MalformedMessage) -> ByteBuffer {
        var writer = WireWriter(frameOfCapacity: 256, version: header.version)
        writer.integer(header.apiKey)
        writer.integer(header.version)
        writer.integer(header.correlationID)
        try header.clientID.write(to: &writer)
        writer.isFlexible = Self.api.isFlexible(header.version)
        writer.noTaggedFields()
        try write(to: &writer)
        return try writer.finishedFrame()
    }
}

extension WireResponse {
    /// Reads the body of a response, which is all that is left in `buffer`.
    static func decode(_ buffer: ByteBuffer, version: Int16) throws(MalformedMessage) -> Self {
        var reader = WireReader(buffer, version: version, isFlexible: api.isFlexible(version))
        let response = try read(from: &reader)
        try reader.expectEnd()
        return response
    }

    /// The response as it goes over the wire, its size in front.
    ///
    /// - Parameter capacity: its approximate size in bytes.
    func frame(correlationID: Int32, version: Int16, capacity: Int = 256) throws(MalformedMessage) -> ByteBuffer {
        var writer = WireWriter(frameOfCapacity: capacity, version: version)
        writer.integer(correlationID)
        writer.isFlexible = Self.api.responseHeaderIsFlexible(version)
        writer.noTaggedFields()
        writer.isFlexible = Self.api.isFlexible(version)
        try write(to: &writer)
        return try writer.finishedFrame()
    }
}
