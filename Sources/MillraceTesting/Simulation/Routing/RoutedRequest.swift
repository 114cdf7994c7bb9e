import Millrace
import MillraceRouting

/// A read as a client asks for it, or as one instance passes it on to another.
struct RoutedRequest {
    enum Kind {
        case key([UInt8])
        case batch([[UInt8]])
        /// Some entries from a place on, of one partition only or of all.
        case page(from: ScanPlace, only: Int32?, limit: Int)
        /// The entries of an index that are nearest to a number, in some partitions or in all.
        case search(SimulatedSearch, only: [Int32]?)
    }

    var store: String
    var kind: Kind
    /// The position that the answer has to contain.
    var atLeast: Position
    /// Whether a standby may answer.
    var acceptsStale: Bool
    var timeout: TimeSpan
    /// Whether an instance has passed it on.
    var isForwarded = false
}

/// A search of an index of the kind `NearestIndex`.
struct SimulatedSearch: Hashable {
    var index: String
    var number: Int
    var count: Int
}

extension RoutedRequest: CustomStringConvertible {
    var description: String {
        let what =
            switch kind {
            case .key(let key): String(decoding: key, as: UTF8.self)
            case .batch(let keys): "[\(keys.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", "))]"
            case .page(let start, _, let limit):
                "\(limit) entries from partition \(start.partition)"
                    + (start.place.map { " after \(String(decoding: $0, as: UTF8.self))" } ?? "")
            case .search(let search, _): "the \(search.count) nearest to \(search.number)"
            }
        return "\(what) of \(store)\(acceptsStale ? ", stale," : "") at least at \(atLeast)"
    }
}

typealias RoutedResult = Result<RoutedAnswer, RoutedFailure>

struct RoutedAnswer {
    /// The entries of each key that was asked for; for a page and for a search one list.
    var entries: [[StoreEntry]]
    var position: Position
    /// The place at which the next page begins.
    var next: ScanPlace?
}

struct RoutedFailure: RoutingFailure, CustomStringConvertible {
    var status: Int
    var code: String
    var message: String

    init(status: Int, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    init(unavailable code: String, _ message: String) { self.init(status: 503, code, message) }

    init(_ error: any Error) {
        if let error = error as? StreamsError {
            let (status, code) = error.readStatus
            self.init(status: status, code, error.message)
        } else {
            self.init(status: 500, "internal", "\(error)")
        }
    }

    var course: FailureCourse { FailureCourse(status: status) }
    var description: String { "\(code): \(message)" }
}

extension RoutedFailure {
    /// The connection of the asker is refused or breaks.
    static let refused = RoutedFailure(status: 503, "refused", "the connection was refused or closed")
    static let unreachable = RoutedFailure(status: 503, "owner_unreachable", "the instance cannot be reached")
    static let silent = RoutedFailure(status: 504, "owner_silent", "the instance did not answer in time")
}

extension RoutedResult {
    var failure: RoutedFailure? { if case .failure(let failure) = self { failure } else { nil } }
}
