package import Millrace

/// The failure of a read, as far as routing has to know it.
package protocol RoutingFailure: Error {
    var course: FailureCourse { get }

    /// Makes the failure of a read whose partition nobody answers for at the moment. It is temporary.
    init(unavailable code: String, _ message: String)
}

/// The prospects of a failed read.
package enum FailureCourse: Sendable {
    /// The same read may succeed a little later.
    case temporary
    /// The time was over.
    case late
    /// The read fails wherever and whenever it is tried.
    case final
}

extension StreamsError {
    /// The status of HTTP that stands for the error of a read, and a name in snake case that stays the same from version to version.
    package var readStatus: (status: Int, code: String) {
        switch code {
        case .storeUnknown: (404, "store_unknown")
        case .storeMismatch: (400, "store_kind")
        case .storeUnavailable: (503, "store_unavailable")
        case .storeElsewhere: (503, "store_elsewhere")
        case .positionNotReached: (504, "position_not_reached")
        case .positionMismatch: (400, "position_mismatch")
        case .positionGone: (410, "position_gone")
        case .noChangelog: (409, "no_changelog")
        case .illegalState: (503, "not_running")
        case .subtopologyUnknown: (404, "subtopology_unknown")
        case .threadUnknown: (404, "thread_unknown")
        case .lastThread: (409, "last_thread")
        case .configuration: (409, "configuration")
        case .closeTimedOut: (504, "close_timed_out")
        case .broker: (503, "broker")
        default: (500, "internal")
        }
    }
}

extension FailureCourse {
    /// Makes the prospects of a failure with a status of HTTP.
    package init(status: Int) {
        self =
            switch status {
            case 503: .temporary
            case 504: .late
            default: .final
            }
    }
}
