import HTTPTypes
import Millrace

/// An error as a client sees it: a status, a code for programs and a message for people.
struct Failure: Error {
    var status: HTTPResponse.Status
    /// A name in snake case that stays the same from version to version.
    var code: String
    var message: String
    /// The position that the store has reached, if the error is about it.
    var position: Position?
    /// The methods that the path takes, if the request's is not one of them.
    var allowed: [HTTPRequest.Method] = []

    init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, position: Position? = nil,
        allowed: [HTTPRequest.Method] = []
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.position = position
        self.allowed = allowed
    }

    static func badRequest(_ message: String, code: String = "bad_request") -> Failure {
        Failure(.badRequest, code, message)
    }

    var json: String {
        JSON.object([
            ("code", JSON.quoted(code)), ("message", JSON.quoted(message)),
            ("position", position.map { JSON.quoted($0.description) }),
        ])
    }

    /// Whether the same request may succeed a little later.
    var isTemporary: Bool { status == .serviceUnavailable }
}

extension Failure {
    /// An error of a read, as a failure. Errors that a client can do nothing about keep their message for the log only.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as StreamsError: self.init(error)
        case let error as SerdeError: self = .badRequest("\(error)", code: "key_unreadable")
        case is CancellationError: self.init(.serviceUnavailable, "stopping", "the instance is stopping")
        default: self.init(.internalServerError, "internal", "the instance could not answer; its log says why")
        }
    }

    private init(_ error: StreamsError) {
        let (status, code): (HTTPResponse.Status, String) =
            switch error.code {
            case .storeUnknown: (.notFound, "store_unknown")
            case .storeMismatch: (.badRequest, "store_kind")
            case .storeUnavailable: (.serviceUnavailable, "store_unavailable")
            case .storeElsewhere: (.serviceUnavailable, "store_elsewhere")
            case .positionNotReached: (.gatewayTimeout, "position_not_reached")
            case .positionMismatch: (.badRequest, "position_mismatch")
            case .positionGone: (.gone, "position_gone")
            case .noChangelog: (.conflict, "no_changelog")
            case .illegalState: (.serviceUnavailable, "not_running")
            case .subtopologyUnknown: (.notFound, "subtopology_unknown")
            case .threadUnknown: (.notFound, "thread_unknown")
            case .lastThread: (.conflict, "last_thread")
            case .configuration: (.conflict, "configuration")
            case .closeTimedOut: (.gatewayTimeout, "close_timed_out")
            case .broker: (.serviceUnavailable, "broker")
            default: (.internalServerError, "internal")
            }
        self.init(status, code, error.message, position: error.position)
    }
}
