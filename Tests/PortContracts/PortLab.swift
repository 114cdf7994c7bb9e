import Millrace
package import MillraceEngine

/// An implementation of the ports over a separate cluster, as the contracts need it.
package protocol PortLab: AnyObject {
    /// The clock that polls take their time from.
    var clock: any Clock { get }
    var admin: any AdminPort { get }

    /// Makes a reader of committed records that belongs to no group.
    func makeReader() throws -> any ReaderPort

    /// Makes a consumer that can join a group.
    func makeConsumer(group: String, clientID: String) throws -> any GroupConsumer

    /// - Parameter transactionalID: `nil` for a producer without transactions.
    func makeProducer(transactionalID: String?) throws -> any ProducerPort

    /// Makes the cluster do the work that is due. A cluster that does so by itself needs no implementation.
    func settle()
}

extension PortLab {
    package func settle() {}
}

/// One line of a port's contract.
package struct PortBehaviour: Sendable, CustomStringConvertible {
    package let description: String
    private let body: @Sendable (any PortLab) throws -> Void

    init(_ description: String, _ body: @escaping @Sendable (any PortLab) throws -> Void) {
        self.description = description
        self.body = body
    }

    /// - Throws: ``BrokenContract`` if the implementation behaves differently.
    package func check(_ lab: any PortLab) throws { try body(lab) }
}

/// A difference between an implementation and the contract.
package struct BrokenContract: Error, CustomStringConvertible {
    package let description: String
}

func require(_ condition: Bool, _ expectation: @autoclosure () -> String) throws {
    if !condition { throw BrokenContract(description: expectation()) }
}

func requireEqual<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) throws {
    try require(found == expected, "\(what): found \(found), expected \(expected)")
}

/// Runs a call that has to be refused.
func requireError(_ what: String, _ body: () throws -> Void) throws -> PortError {
    do {
        try body()
    } catch let error as PortError {
        return error
    }
    throw BrokenContract(description: "\(what) was not refused")
}

// MARK: Topics and records

/// A record to write, or one that was read.
struct ContractRecord: Hashable {
    var key: [UInt8]?
    var value: [UInt8]?
    var timestampMs: Int64 = 1_000
    var headers: Headers = []

    init(key: [UInt8]?, value: [UInt8]?, timestampMs: Int64 = 1_000, headers: Headers = []) {
        self.key = key
        self.value = value
        self.timestampMs = timestampMs
        self.headers = headers
    }

    init(_ value: String, timestampMs: Int64 = 1_000) {
        self.init(key: Array("k".utf8), value: Array(value.utf8), timestampMs: timestampMs)
    }

    var text: String { value.map { String(decoding: $0, as: UTF8.self) } ?? "null" }
}

extension PortLab {
    /// Creates a topic whose records stay, however old their timestamps.
    func makeTopic(_ name: String = "records", partitions: Int32 = 1) throws -> String {
        try admin.createTopics([
            NewTopic(name: name, partitions: partitions, replicationFactor: -1, configuration: ["retention.ms": "-1"])
        ])
        return name
    }

    /// Writes texts and waits until they are acknowledged.
    func write(_ values: String..., to topic: String, partition: Int32 = 0) throws {
        try write(values.map { ContractRecord($0) }, to: topic, partition: partition)
    }

    func write(_ records: [ContractRecord], to topic: String, partition: Int32 = 0) throws {
        let producer = try makeProducer(transactionalID: nil)
        defer { producer.close() }
        for record in records { try producer.send(record, to: topic, partition: partition) }
        try producer.flushAll(self)
    }
}

extension ProducerPort {
    func send(_ record: ContractRecord, to topic: String, partition: Int32 = 0) throws {
        let number = try self.topic(named: topic)
        try record.key.withBytes { key in
            try record.value.withBytes { value in
                try send(
                    topic: number, partition: partition, key: key, value: value, timestampMs: record.timestampMs,
                    headers: record.headers)
            }
        }
    }

    func send(_ value: String, to topic: String, partition: Int32 = 0) throws {
        try send(ContractRecord(value), to: topic, partition: partition)
    }

    /// Flushes until everything is acknowledged.
    func flushAll(_ lab: any PortLab) throws { try lab.retrying("the flush") { try flush() } }
}

extension [UInt8]? {
    func withBytes(_ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        guard let self else { return try body(nil) }
        try self.withUnsafeBytes(body)
    }
}

// MARK: Waiting

extension PortLab {
    /// Retries a call while its error is retriable.
    func retrying<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            do {
                return try body()
            } catch let error as PortError where error.kind == .retriable && ContinuousClock.now < deadline {
                settle()
            }
        }
    }

    /// Repeats a step until it returns true. The step does the waiting.
    func eventually(_ what: String, _ step: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try !step() {
            try require(ContinuousClock.now < deadline, "\(what) did not come")
            settle()
        }
    }
}

/// The records that a reader has returned so far.
final class Reading {
    struct Received: Hashable {
        var slot: Int
        var offset: Int64
        var record: ContractRecord
    }

    let port: any ReaderPort
    private let lab: any PortLab
    private(set) var received: [Received] = []
    private(set) var events: [ReaderEvent] = []

    init(_ port: any ReaderPort, _ lab: any PortLab) {
        self.port = port
        self.lab = lab
    }

    convenience init(_ lab: any PortLab) throws { try self.init(lab.makeReader(), lab) }

    func offsets(_ slot: Int = 0) -> [Int64] { received.filter { $0.slot == slot }.map(\.offset) }

    func texts(_ slot: Int = 0) -> [String] { received.filter { $0.slot == slot }.map(\.record.text) }

    func assign(_ topic: String, partition: Int32 = 0, slot: Int = 0, from offset: Int64? = nil) throws {
        try port.assign([
            PartitionAssignment(
                partition: TopicPartition(topic: topic, partition: partition), slot: slot, offset: offset)
        ])
    }

    func poll() throws {
        let polled = try port.poll(maxRecords: 100, timeoutMs: 50)
        for run in polled.runs {
            for record in run.records {
                received.append(
                    Received(
                        slot: run.slot, offset: record.offset,
                        record: ContractRecord(
                            key: record.key.map { Array($0) }, value: record.value.map { Array($0) },
                            timestampMs: record.timestampMs, headers: record.headers)))
            }
        }
        events += polled.events
        lab.settle()
    }

    /// Polls until this many records of a slot have arrived.
    func read(_ count: Int, of slot: Int = 0) throws {
        try lab.eventually("record \(count) of slot \(slot)") {
            try poll()
            return offsets(slot).count >= count
        }
    }

    func until(_ event: ReaderEvent) throws {
        try lab.eventually("\(event)") {
            try poll()
            return events.contains(event)
        }
    }

    /// Polls for a while, so that records that arrive late are noticed.
    func pollForAWhile() throws { for _ in 0..<6 { try poll() } }

    func forget() { (received, events) = ([], []) }
}
