import Millrace
import RiskScore

/// The hand-written loops: bytes become values, a dictionary is the state, values become bytes again.
package final class HandLoop {
    private let loop: Loop
    private let input: LoopInput
    private var highest: [String: (score: Double, timestampMs: Int64)] = [:]
    private var checksum: UInt64 = 0
    private let json = Serde<RiskEvent>.json()

    package init(_ loop: Loop, input: LoopInput) {
        self.loop = loop
        self.input = input
    }

    /// Processes the input once. Returns the same number as the engine.
    package func run() throws -> UInt64 {
        switch loop {
        case .stateless: try stateless()
        case .stateful: try stateful()
        case .risk: try risk()
        }
        return checksum
    }

    private func stateless() throws {
        var keyBytes: [UInt8] = []
        var valueBytes: [UInt8] = []
        for place in input.places {
            let key = try text(input.key(place))
            let value = Int64(bigEndian: input.value(place).loadUnaligned(as: Int64.self))
            guard value % 4 != 0 else { continue }
            keyBytes.removeAll(keepingCapacity: true)
            keyBytes.append(contentsOf: key.utf8)
            valueBytes.removeAll(keepingCapacity: true)
            withUnsafeBytes(of: (value + 1).bigEndian) { valueBytes.append(contentsOf: $0) }
            send(keyBytes, valueBytes, place.timestampMs)
        }
    }

    private func stateful() throws {
        var keyBytes: [UInt8] = []
        var valueBytes: [UInt8] = []
        for place in input.places {
            let key = try text(input.key(place))
            let bits = UInt64(bigEndian: input.value(place).loadUnaligned(as: UInt64.self))
            update(key, Double(bitPattern: bits), place.timestampMs, &keyBytes, &valueBytes)
        }
    }

    private func risk() throws {
        var keyBytes: [UInt8] = []
        var valueBytes: [UInt8] = []
        for place in input.places {
            let key = try text(input.key(place))
            let event = try json.deserialize(input.value(place))
            update(key, event.score, event.timestampMs, &keyBytes, &valueBytes)
        }
    }

    private func update(
        _ key: String, _ score: Double, _ timestampMs: Int64, _ keyBytes: inout [UInt8], _ valueBytes: inout [UInt8]
    ) {
        var entry = highest[key] ?? (0, timestampMs)
        entry = (max(score, entry.score), max(timestampMs, entry.timestampMs))
        highest[key] = entry
        keyBytes.removeAll(keepingCapacity: true)
        keyBytes.append(contentsOf: key.utf8)
        valueBytes.removeAll(keepingCapacity: true)
        withUnsafeBytes(of: entry.score.bitPattern.bigEndian) { valueBytes.append(contentsOf: $0) }
        // One for the changelog and one for the output.
        send(keyBytes, valueBytes, entry.timestampMs)
        send(keyBytes, valueBytes, entry.timestampMs)
    }

    private func text(_ bytes: UnsafeRawBufferPointer) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SerdeError(type: "String", message: "invalid UTF-8")
        }
        return text
    }

    private func send(_ key: [UInt8], _ value: [UInt8], _ timestampMs: Int64) {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { checksum &+= LoopChecksum.of(key, $0, timestampMs) }
        }
    }
}
