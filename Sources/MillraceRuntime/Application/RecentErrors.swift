public import Millrace
import Synchronization

/// An error of an application that has happened a short time ago: of a record, about which an error handler has decided, or one
/// that has ended a worker thread.
public struct RecentError: Sendable {
    /// The situation in which it happened.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The bytes of a record could not be read.
        case deserialization
        /// A closure of the topology threw an error.
        case processing
        /// A result could not be written.
        case production
        /// A worker thread ended.
        case thread
    }

    /// The moment at which it happened, in milliseconds since 1970.
    public var timestampMs: Int64
    /// The situation.
    public var kind: Kind
    /// The handler's response; `nil` for an error that has ended a thread.
    public var response: ErrorResponse?
    /// The error in words, with the operator, the task and the record as far as they are known.
    public var message: String
    /// The operator, by its name in `Topology.describe()`, if it is known.
    public var node: String?
    /// The task, as `<sub-topology>_<partition>`, if it is known.
    public var task: String?
    /// The record that was being processed, if it is known.
    public var record: RecordMetadata?
    /// The bytes of the record's key, at most 256 of them; `nil` for a null key.
    public var key: [UInt8]?
}

/// The latest errors of an application. Only errors cost anything.
final class RecentErrors: Sendable {
    private static let maxCount = 200
    private static let maxMessageCount = 2_000
    private static let maxKeyCount = 256

    private let errors = Mutex<[RecentError]>([])
    private let clock = SystemClock()

    /// The errors, the newest first.
    var newestFirst: [RecentError] { errors.withLock { $0.reversed() } }

    /// Returns handlers whose decisions are noted here.
    func observing(_ handlers: ErrorHandlers) -> ErrorHandlers {
        handlers.observed { [weak self] reason, context, response in
            self?.add(context.error, RecentError.Kind(reason), response, key: context.key)
        }
    }

    /// Notes the error that has ended a thread.
    func add(_ error: any Error, ofThread number: Int) {
        add(error, .thread, nil, key: nil, prefix: "thread \(number): ")
    }

    private func add(
        _ error: any Error, _ kind: RecentError.Kind, _ response: ErrorResponse?, key: [UInt8]?, prefix: String = ""
    ) {
        let known = error as? StreamsError
        let noted = RecentError(
            timestampMs: clock.wallClockMs(), kind: kind, response: response,
            message: String((prefix + String(describing: error)).prefix(Self.maxMessageCount)), node: known?.node,
            task: known?.task, record: known?.record, key: key.map { Array($0.prefix(Self.maxKeyCount)) })
        errors.withLock { errors in
            if errors.count >= Self.maxCount { errors.removeFirst(errors.count - Self.maxCount + 1) }
            errors.append(noted)
        }
    }
}

extension RecentError.Kind {
    fileprivate init(_ reason: DropReason) {
        switch reason {
        case .deserialization: self = .deserialization
        case .production: self = .production
        default: self = .processing
        }
    }
}
