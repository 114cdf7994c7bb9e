import MillraceEngine
import Testing

@Suite("The meaning of the broker's errors")
struct PortErrorTests {
    private typealias Row = (code: Int16, operation: PortError.Operation?, kind: PortError.Kind?)

    @Test("each code has one meaning, except that a missing topic rejects a write and lets a request retry")
    func table() {
        // A row without an operation applies to all operations without a row.
        let rows: [Row] = [
            (-1, nil, nil), (1, nil, nil), (2, nil, .retriable), (3, nil, .retriable), (3, .produce, .rejected),
            (3, .transaction, .rejected), (3, .commitOffsets, .rejected), (5, nil, .retriable), (6, nil, .retriable),
            (7, nil, .retriable), (8, nil, nil), (9, nil, .retriable), (10, nil, .rejected), (12, nil, .fatal),
            (13, nil, .retriable), (14, nil, .retriable), (15, nil, .retriable), (16, nil, .retriable),
            (17, nil, .rejected), (17, .read, .fatal), (17, .membership, .fatal), (17, .administer, .fatal),
            (18, nil, .rejected), (19, nil, .retriable), (20, nil, .retriable), (22, nil, .staleGeneration),
            (25, nil, .staleGeneration), (27, nil, .staleGeneration), (29, nil, .fatal), (30, nil, .fatal),
            (31, nil, .fatal), (32, nil, .rejected), (36, nil, nil), (41, nil, .retriable), (45, nil, .producerLost),
            (47, nil, .producerLost), (48, nil, .producerLost), (49, nil, .producerLost), (51, nil, .retriable),
            (53, nil, .fatal), (56, nil, .retriable), (59, nil, .producerLost), (74, nil, .retriable),
            (75, nil, .retriable), (78, nil, .retriable), (82, nil, .fenced), (87, nil, .rejected),
            (88, nil, .retriable), (89, nil, .retriable), (90, nil, .producerLost), (100, nil, .retriable),
            (100, .produce, .rejected), (100, .transaction, .rejected), (100, .commitOffsets, .rejected),
            (120, nil, .abortable), (500, nil, nil),
        ]
        for code in Set(rows.map(\.code)) {
            for operation in PortError.Operation.allCases {
                let ofCode = rows.filter { $0.code == code }
                let row = ofCode.first { $0.operation == operation } ?? ofCode.first { $0.operation == nil }
                #expect(
                    PortError.kind(ofCode: code, during: operation) == row?.kind, "\(code) during \(operation)")
                #expect(PortError(code: code, during: operation, "words").kind == row?.kind ?? .fatal)
            }
            #expect(PortError(code: code, during: .read, "words").isTopicMissing == [3, 100].contains(code))
        }
    }

    @Test("the error of an undelivered record is its own fault, or aborts the transaction")
    func deliveries() {
        let rows: [(Int16, PortError.Kind)] = [
            (3, .rejected), (7, .abortable), (10, .rejected), (13, .abortable), (22, .abortable), (29, .fatal),
            (47, .producerLost), (87, .rejected), (90, .producerLost), (-1, .abortable), (-152, .abortable),
        ]
        for (code, kind) in rows { #expect(PortError.kind(ofDelivery: code) == kind, "\(code)") }
    }
}
