/// The reports of all instances on their work: the answers to `GET /tasks`, `GET /errors` and `GET /topology`.
struct InstancesReport<Instance: Decodable>: Decodable {
    var instances: [Instance]
}

/// An error in the place of an answer.
struct AnsweredError: Decodable {
    var code: String
    var message: String
}

/// The work of one instance. An instance that did not answer has an error instead of the counts.
struct InstanceWork: Decodable {
    struct Dropped: Decodable {
        var node: String
        var reason: String
        var count: Int64
    }

    struct Thread: Decodable {
        var id: Int
        var state: String
        var trouble: String?
    }

    struct Store: Decodable {
        var name: String
        var missingRecords: Int64
    }

    struct Task: Decodable {
        var id: String
        var isStandby: Bool
        var thread: Int
        var state: String
        var lag: Int64?
        var lagMs: Int64?
        var processedRecords: Int64
        var restoredRecords: Int64
        var droppedRecords: Int64
        var stores: [Store]

        var missingRecords: Int64 { stores.sum(\.missingRecords) }
    }

    var address: String?
    var state: String
    var error: AnsweredError?
    var pausedSubtopologies: [Int]?
    var lag: Int64?
    var lagMs: Int64?
    var processedRecords: Int64?
    var failedThreads: Int64?
    var deadLetteredRecords: Int64?
    var troubles: [String]?
    var dropped: [Dropped]?
    var threads: [Thread]?
    var tasks: [Task]?

    var name: String { address ?? "this instance" }
    var isUnreachable: Bool { error != nil }
    var activeTasks: [Task] { (tasks ?? []).filter { !$0.isStandby } }
    var standbys: [Task] { (tasks ?? []).filter(\.isStandby) }
    var runningThreads: Int { (threads ?? []).filter { $0.state == "running" }.count }
    /// The records that the stores of active tasks still miss.
    var missingRecords: Int64 { activeTasks.sum(\.missingRecords) }

    /// The errors of records that handlers passed over, and of threads, since the start.
    var errors: Int64 {
        let ofRecords = (dropped ?? []).filter { Self.errorReasons.contains($0.reason) }.sum(\.count)
        return ofRecords.addingReportingOverflow(failedThreads ?? 0).partialValue
    }

    var droppedRecords: Int64 { (dropped ?? []).sum(\.count) }

    private static let errorReasons: Set<String> = ["deserialization", "processing", "production"]
}

extension Sequence {
    /// The sum of one number of each element, at most `Int64.max`.
    func sum(_ number: (Element) -> Int64) -> Int64 {
        reduce(0) { sum, element in
            let (next, overflows) = sum.addingReportingOverflow(number(element))
            return overflows ? .max : next
        }
    }
}

/// A time span in seconds, to a tenth.
func secondsText(ms: Int64?) -> String {
    guard let ms else { return "-" }
    let tenths = ms / 100
    return "\(tenths / 10).\(abs(tenths % 10))"
}
