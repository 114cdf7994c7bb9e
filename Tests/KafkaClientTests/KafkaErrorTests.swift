import Testing

@testable import KafkaClient

struct KafkaErrorTests {
    @Test("a catch pattern can name a code")
    func catchesByCode() {
        do {
            throw KafkaError(.queueFull, "Local: Queue full")
        } catch KafkaError.Code.queueFull {
        } catch {
            Issue.record("caught as \(error)")
        }
    }

    @Test("a description names the operation, the code and the remedy")
    func describes() {
        let error = KafkaError(
            .producerFenced, "Fenced", context: "commit transaction", isFatal: true, requiresAbort: true)
        #expect(
            error.description
                == "commit transaction: PRODUCER_FENCED: Fenced (fatal) (the transaction must be aborted)")
    }

    @Test(
        "codes that have no name here keep librdkafka's",
        arguments: [(-184, "_QUEUE_FULL"), (22, "ILLEGAL_GENERATION")])
    func namesCodes(raw: Int, name: String) {
        #expect(KafkaError.Code(rawValue: Int32(raw)).description == name)
    }

    @Test(
        "a plain code is retriable if Kafka's protocol says so",
        arguments: [
            (KafkaError.Code.transport, true), (.notCoordinator, true), (.queueFull, true),
            (.topicAlreadyExists, false),
            (.invalidConfig, false), (.fenced, false), (.illegalGeneration, false),
        ])
    func retriable(code: KafkaError.Code, expected: Bool) {
        #expect(KafkaError(code, "").isRetriable == expected)
        #expect(!KafkaError(code, "", isFatal: true).isRetriable)
    }
}

struct ConnectionDiagnosisTests {
    private static let old = LibrdkafkaVersion(number: 0x0200_02ff, description: "2.0.2")
    private static let new = LibrdkafkaVersion(number: 0x0202_00ff, description: "2.2.0")
    private static let line =
        "[thrd:h:1/bootstrap]: h:1/bootstrap: ApiVersionRequest failed: Local: Read underflow: "
        + "probably due to broker version < 0.10 (see api.version.request configuration)"

    @Test("an unreadable ApiVersions answer asks for a newer librdkafka before 2.2.0")
    func asksForNewerLibrary() throws {
        var diagnosis = ConnectionDiagnosis()
        diagnosis.observe(facility: "FAIL", message: Self.line)
        let old = try #require(diagnosis.sentence(version: Self.old))
        #expect(old.contains("install librdkafka 2.2.0 or newer"))
        #expect(old.contains("h:1/bootstrap"))
        let new = try #require(diagnosis.sentence(version: Self.new))
        #expect(!new.contains("install"))
    }

    @Test("the last connection failure is reported without the thread's name")
    func tellsLastFailure() {
        var diagnosis = ConnectionDiagnosis()
        #expect(diagnosis.sentence() == nil)
        diagnosis.observe(facility: "MAXPOLL", message: "something else")
        #expect(diagnosis.sentence() == nil)
        diagnosis.observe(facility: "FAIL", message: "[thrd:a]: a:1/bootstrap: Connection refused")
        #expect(diagnosis.sentence() == "Last connection failure: a:1/bootstrap: Connection refused.")
    }
}
