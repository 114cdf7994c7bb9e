import Millrace
import Testing

/// Kafka's `ChangedSerializer` and `ChangedDeserializer` after KIP-904.
@Suite("The serde of a table's changes")
struct ChangeSerdeTests {
    private let serde = Serde<String>.change(of: .string)

    @Test(
        "a change becomes Kafka's bytes and comes back",
        arguments: [
            (Change(newValue: nil, oldValue: "ab"), [0x61, 0x62, 0]),
            (Change(newValue: "ab", oldValue: nil), [0x61, 0x62, 1]),
            (Change(newValue: "ab", oldValue: "c"), [4, 0x61, 0x62, 0x63, 2]),
            (Change(newValue: "", oldValue: ""), [0, 2]),
            (Change(newValue: "", oldValue: nil), [1]),
            (Change(newValue: nil, oldValue: ""), [0]),
        ] as [(Change<String>, [UInt8])])
    func format(change: Change<String>, bytes: [UInt8]) throws {
        #expect(try serde.bytes(of: change) == bytes)
        #expect(try serde.value(from: bytes) == change)
    }

    @Test("a long new value has its length in several bytes", arguments: [63, 64, 8_191, 8_192, 100_000])
    func long(count: Int) throws {
        let change = Change(newValue: String(repeating: "n", count: count), oldValue: "old")
        let bytes = try serde.bytes(of: change)
        let lengthBytes = count < 64 ? 1 : count < 8_192 ? 2 : 3
        #expect(bytes.count == lengthBytes + count + 3 + 1)
        #expect(try serde.value(from: bytes) == change)
    }

    @Test(
        "the is-latest byte of versioned tables is read over",
        arguments: [
            ([0x61, 1, 3], Change(newValue: nil, oldValue: "a")),
            ([0x61, 0, 4], Change(newValue: "a", oldValue: nil)),
            ([2, 0x61, 0x62, 1, 5], Change(newValue: "a", oldValue: "b")),
        ] as [([UInt8], Change<String>)])
    func isLatest(bytes: [UInt8], change: Change<String>) throws {
        #expect(try serde.value(from: bytes) == change)
    }

    @Test(
        "bytes of no change are an error",
        arguments: [[], [6], [255], [3], [2], [4, 0x61, 2], [1, 2], [0xff, 0xff, 0xff, 0xff, 0xff, 2]] as [[UInt8]])
    func invalid(bytes: [UInt8]) {
        #expect(throws: SerdeError.self) { try serde.value(from: bytes) }
    }

    @Test("a change from nothing to nothing cannot be written")
    func nothing() {
        #expect(throws: SerdeError.self) { try serde.bytes(of: Change(newValue: nil, oldValue: nil)) }
    }
}
