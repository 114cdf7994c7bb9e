import CRdkafka

/// The argument array of `rd_kafka_produceva`, filled once and then changed in place for every record.
///
/// `rd_kafka_produce` takes no timestamp and `rd_kafka_producev` cannot be called from Swift (it is variadic).
struct ProduceFields: ~Copyable {
    private enum Place {
        static let topic = 0
        static let partition = 1
        static let value = 2
        static let key = 3
        static let timestamp = 4
        static let flags = 5
        static let opaque = 6
        static let headers = 7
        static let count = 8
    }

    private let fields: UnsafeMutablePointer<rd_kafka_vu_t>
    /// Stands for an empty key or value, whose pointer may be nil in Swift but must not be for librdkafka.
    private let empty = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)

    init() {
        fields = .allocate(capacity: Place.count)
        fields.initialize(repeating: rd_kafka_vu_t(), count: Place.count)
        fields[Place.topic].vtype = RD_KAFKA_VTYPE_RKT
        fields[Place.partition].vtype = RD_KAFKA_VTYPE_PARTITION
        fields[Place.value].vtype = RD_KAFKA_VTYPE_VALUE
        fields[Place.key].vtype = RD_KAFKA_VTYPE_KEY
        fields[Place.timestamp].vtype = RD_KAFKA_VTYPE_TIMESTAMP
        fields[Place.flags].vtype = RD_KAFKA_VTYPE_MSGFLAGS
        fields[Place.flags].u.i = RD_KAFKA_MSG_F_COPY
        fields[Place.opaque].vtype = RD_KAFKA_VTYPE_OPAQUE
        fields[Place.headers].vtype = RD_KAFKA_VTYPE_HEADERS
    }

    deinit {
        fields.deallocate()
        empty.deallocate()
    }

    /// Passes a record to librdkafka, which copies key and value, and owns `headers` if it succeeds.
    /// - Returns: an error object that the caller must free, or nil.
    func produce(
        _ client: OpaquePointer, _ topic: ProducerTopic, partition: Int32, key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?, timestampMs: Int64, headers: OpaquePointer?
    ) -> OpaquePointer? {
        fields[Place.topic].u.rkt = topic.handle.pointer
        fields[Place.partition].u.i32 = partition
        set(Place.value, value)
        set(Place.key, key)
        fields[Place.timestamp].u.i64 = timestampMs
        fields[Place.opaque].u.ptr = partition < 0 ? nil : topic.offset(ofPartition: partition)
        guard let headers else { return rd_kafka_produceva(client, fields, Place.count - 1) }
        fields[Place.headers].u.headers = headers
        return rd_kafka_produceva(client, fields, Place.count)
    }

    private func set(_ place: Int, _ bytes: UnsafeRawBufferPointer?) {
        guard let bytes else {
            fields[place].u.mem.ptr = nil
            fields[place].u.mem.size = 0
            return
        }
        fields[place].u.mem.ptr = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) } ?? empty
        fields[place].u.mem.size = bytes.count
    }
}
