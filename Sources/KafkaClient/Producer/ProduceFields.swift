import CRdkafka

/// The argument array of `rd_kafka_produceva`, filled once and then changed in place for every record.
///
/// `rd_kafka_produce` takes no timestamp and `rd_kafka_producev` cannot be called from Swift (it is variadic).
struct ProduceFields: ~Copyable {
    private enum FieldIndex {
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
        fields = .allocate(capacity: FieldIndex.count)
        fields.initialize(repeating: rd_kafka_vu_t(), count: FieldIndex.count)
        fields[FieldIndex.topic].vtype = RD_KAFKA_VTYPE_RKT
        fields[FieldIndex.partition].vtype = RD_KAFKA_VTYPE_PARTITION
        fields[FieldIndex.value].vtype = RD_KAFKA_VTYPE_VALUE
        fields[FieldIndex.key].vtype = RD_KAFKA_VTYPE_KEY
        fields[FieldIndex.timestamp].vtype = RD_KAFKA_VTYPE_TIMESTAMP
        fields[FieldIndex.flags].vtype = RD_KAFKA_VTYPE_MSGFLAGS
        fields[FieldIndex.flags].u.i = RD_KAFKA_MSG_F_COPY
        fields[FieldIndex.opaque].vtype = RD_KAFKA_VTYPE_OPAQUE
        fields[FieldIndex.headers].vtype = RD_KAFKA_VTYPE_HEADERS
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
        fields[FieldIndex.topic].u.rkt = topic.handle.pointer
        fields[FieldIndex.partition].u.i32 = partition
        set(FieldIndex.value, value)
        set(FieldIndex.key, key)
        fields[FieldIndex.timestamp].u.i64 = timestampMs
        fields[FieldIndex.opaque].u.ptr = partition < 0 ? nil : topic.offset(ofPartition: partition)
        guard let headers else { return rd_kafka_produceva(client, fields, FieldIndex.count - 1) }
        fields[FieldIndex.headers].u.headers = headers
        return rd_kafka_produceva(client, fields, FieldIndex.count)
    }

    private func set(_ index: Int, _ bytes: UnsafeRawBufferPointer?) {
        guard let bytes else {
            fields[index].u.mem.ptr = nil
            fields[index].u.mem.size = 0
            return
        }
        fields[index].u.mem.ptr = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) } ?? empty
        fields[index].u.mem.size = bytes.count
    }
}
