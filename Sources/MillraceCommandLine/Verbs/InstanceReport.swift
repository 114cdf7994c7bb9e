package import Logging
package import Millrace
package import MillraceOperations
package import MillraceRuntime
import Synchronization

/// The report of a running instance: with `--json` a line for each event on standard output, otherwise a bar while stores are
/// restored.
package final class InstanceReport: Sendable {
    /// Whether the verb was given `--json`. A program may have a `run` of its own, which takes no arguments.
    @TaskLocal package static var isJSON = false

    private struct State {
        var last: ApplicationState?
        /// The bar of the start, until the instance runs for the first time.
        var start: ProgressBar?
        /// The offsets that each store missed when it began, and has restored since; empty when all have ended.
        var restoring: [Millrace.TopicPartition: Restoration] = [:]
        var bar: ProgressBar?
    }

    private struct Restoration {
        var start: Int64
        var next: Int64
        /// The end of the changelog, which is known only some time after the start.
        var end: Int64?
        var isOver = false

        /// The offsets that have been read. Records alone would never amount to the total: the ends of transactions have offsets too.
        var done: Int64 { isOver ? total ?? 0 : min(total ?? .max, max(0, next &- start)) }
        var total: Int64? { end.map { max(0, $0 &- start) } }
    }

    private let json: Bool
    private let state = Mutex(State())

    /// - Parameter json: whether events are printed; by default as the verb was told.
    package init(json: Bool = InstanceReport.isJSON) { self.json = json }

    /// Prints an event, if events are printed.
    package func event(_ name: String, _ members: KeyValuePairs<String, JSONFragment> = [:]) {
        if json { printLine(JSONFragment.members(["event": .string(name)]).adding(members).text) }
    }

    /// Returns a logger whose messages erase the bar first.
    package func wrap(_ logger: Logger) -> Logger {
        var logger = logger
        if !json { logger.handler = BarErasingLogHandler(logger.handler) }
        return logger
    }

    /// Reports the states of an application while the body runs it, the last one included.
    package func watch(_ application: StreamsApplication, _ body: () async throws -> Void) async throws {
        state.withLock { $0.start = ProgressBar("starting", json: json) }
        let changes = application.stateChanges
        let watching = Task { for await state in changes { show(state) } }
        defer {
            watching.cancel()
            show(application.state)
            state.withLock { state in
                state.bar?.clear()
                state.start?.clear()
            }
        }
        try await body()
    }

    private func show(_ application: ApplicationState) {
        // Events are printed under the lock, so that they come in the order of the states.
        state.withLock { state in
            guard state.last != application, state.last?.isFinal != true else { return }
            state.last = application
            if application == .running || application.isFinal {
                state.start?.clear()
                state.start = nil
            }
            event("state", ["state": .string(application.rawValue)])
        }
    }

    /// Reports the restorations of stores.
    ///
    /// - Parameter listener: a listener that is told of them too.
    package func listener(
        _ listener: (@Sendable (RestoreEvent) -> Void)?
    ) -> @Sendable (RestoreEvent) -> Void {
        { event in
            self.show(event)
            listener?(event)
        }
    }

    private func show(_ restore: RestoreEvent) {
        if json, restore.phase != .batch {
            event(
                "restore",
                [
                    "phase": .string(restore.phase.rawValue), "store": .string(restore.store),
                    "topic": .string(restore.changelog.topic),
                    "partition": .number(Int64(restore.changelog.partition)),
                    "nextOffset": .number(restore.nextOffset), "endOffset": .optional(restore.endOffset),
                    "restoredRecords": .number(Int64(restore.restoredRecords)),
                ])
        }
        state.withLock { state in
            switch restore.phase {
            case .started:
                state.restoring[restore.changelog] = Restoration(
                    start: restore.nextOffset, next: restore.nextOffset, end: restore.endOffset)
            case .batch, .ended, .suspended:
                guard var restoration = state.restoring[restore.changelog] else { break }
                restoration.next = restore.nextOffset
                restoration.end = restore.endOffset ?? restoration.end
                restoration.isOver = restore.phase != .batch
                state.restoring[restore.changelog] = restoration
            }
            guard state.restoring.values.contains(where: { !$0.isOver }) else {
                state.restoring = [:]
                state.bar?.clear()
                state.bar = nil
                return
            }
            let bar = state.bar ?? ProgressBar("restoring stores", json: json)
            state.bar = bar
            let all = state.restoring.values
            let areEndsKnown = all.allSatisfy { $0.isOver || $0.end != nil }
            bar.show(
                all.reduce(0) { $0 &+ $1.done }, of: areEndsKnown ? all.reduce(0) { $0 &+ ($1.total ?? 0) } : nil)
        }
    }
}
