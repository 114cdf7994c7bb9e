package import Millrace

/// A state that somebody has asked for.
package enum WantedState: String, Sendable, Hashable {
    case running = "RUNNING"
    case paused = "PAUSED"
}

/// The states that were asked for, as the compacted topic of wanted states has them: by the name of a connector, or of a task in the
/// form `connector/part`.
///
/// Every process reads the whole topic before it starts anything, so that a pause survives restarts.
package struct WantedStates: Sendable {
    /// The wish of one record.
    package struct Wish: Sendable, Hashable {
        package var state: WantedState
        /// Whether what runs has to begin anew.
        package var isRestart: Bool

        package init(_ state: WantedState, isRestart: Bool = false) {
            self.state = state
            self.isRestart = isRestart
        }

        /// `{"state":"PAUSED"}`
        package var text: String { #"{"state":"\#(state.rawValue)"\#(isRestart ? #","restart":true"# : "")}"# }

        /// Reads a wish; `nil` for anything that is none.
        package init?(_ document: JSONValue) {
            guard case .object(let members) = document, case .string(let word)? = members["state"],
                let state = WantedState(rawValue: word)
            else { return nil }
            self.init(state, isRestart: members["restart"] == .boolean(true))
        }
    }

    private var states: [String: WantedState] = [:]

    package init() {}

    /// Takes a record's wish for a target; `nil` takes an earlier one back.
    package mutating func take(_ wish: Wish?, for target: String) { states[target] = wish?.state }

    /// Returns the state that was asked for: running unless somebody has paused it.
    package func state(of target: String) -> WantedState { states[target] ?? .running }

    /// Returns the state of a task, which is paused with its connector or by itself.
    package func state(of task: SourceTaskID) -> WantedState {
        [task.connector, task.description].contains { state(of: $0) == .paused } ? .paused : .running
    }
}
