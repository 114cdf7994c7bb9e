import Millrace
import Testing

@Suite("Windowed serdes")
struct WindowedSerdeTests {
    private let key = Windowed(key: "k", window: Window(startMs: 1, endMs: 3))

    @Test("a time-windowed key is the key and the start; the end follows from the size")
    func timeWindowed() throws {
        let serde = Serde.timeWindowed(.string, size: .milliseconds(2))
        #expect(try serde.bytes(of: key) == [0x6b, 0, 0, 0, 0, 0, 0, 0, 1])
        #expect(try serde.value(from: serde.bytes(of: key)) == key)
        #expect(throws: SerdeError.self) { try serde.value(from: [1, 2, 3]) }
    }

    @Test("a session-windowed key is the key, the end and the start")
    func sessionWindowed() throws {
        let serde = Serde.sessionWindowed(.string)
        #expect(try serde.bytes(of: key) == [0x6b, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1])
        #expect(try serde.value(from: serde.bytes(of: key)) == key)
    }
}
