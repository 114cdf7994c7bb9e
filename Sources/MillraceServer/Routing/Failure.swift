import HTTPTypes
import Millrace
import MillraceRouting

/// An error as a client sees it: a status, a code for programs and a message for people.
struct Failure: Error {
    var status: HTTPResponse.Status
    /// A name in snake case that stays the same from version to version.
    var code: String
    var message: String
    /// The position that the store has reached, if the error is about a store. The route table adds the one that is known here.
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
}

extension Failure {
    /// An error of a read, as a failure. Errors that a client can do nothing about keep their message for the log only.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as StreamsError: self.init(error)
        case let problem as StoreIndexRequestProblem: self = .badRequest(problem.message, code: "search_invalid")
        case let error as SerdeError: self = .badRequest("\(error)", code: "key_unreadable")
        case is CancellationError: self.init(.serviceUnavailable, "stopping", "the instance is stopping")
        default: self.init(.internalServerError, "internal", "the instance could not answer; its log says why")
        }
    }

    /// Whether an error has a failure of its own; others are internal.
    static func isOfRead(_ error: any Error) -> Bool {
        error is Failure || error is StreamsError || error is StoreIndexRequestProblem || error is SerdeError
            || error is CancellationError
    }

    private init(_ error: StreamsError) {
        let (status, code) = error.readStatus
        self.init(HTTPResponse.Status(code: status), code, error.message, position: error.position)
    }
}

extension Failure: RoutingFailure {
    var course: FailureCourse { FailureCourse(status: status.code) }

    init(unavailable code: String, _ message: String) { self.init(.serviceUnavailable, code, message) }
}
