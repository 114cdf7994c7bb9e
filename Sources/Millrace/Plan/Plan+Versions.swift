// The rules for which tables are versioned, and for the operators downstream of them (KIP-914). Kafka:
// `InternalStreamsBuilder.enableVersionedSemantics`.

extension Plan {
    /// Whether a table keeps the versions of its values, or is computed of one that does.
    func isVersioned(_ id: PlanNode.ID) -> Bool {
        if let store = self[id].store { return store.kind.isVersioned }
        switch self[id].values {
        case .none, .store, .joined, .buffered: return false
        case .inherited: return self[id].parents.allSatisfy(isVersioned)
        }
    }

    /// Whether a processor gets changes of a versioned table.
    func hasVersionedInput(_ processor: ProcessorElement, of node: PlanNode) -> Bool {
        switch processor.input {
        case .preceding: node.parents.contains(where: isVersioned)
        case .parent(let parent): isVersioned(parent)
        case .processors: false
        }
    }

    /// Returns the problem if a processor needs a versioned table and has another one, or the reverse, as a sentence.
    func versionProblem(of processor: ProcessorElement, in node: PlanNode) -> String? {
        if processor.needsVersions, !processor.lookups.allSatisfy(isVersioned) {
            return "a join with a grace period needs a versioned table; make it with into: .versioned(…)"
        }
        if case .buffered = node.values, hasVersionedInput(processor, of: node) {
            return "the changes of a versioned table, or of one computed of it, cannot be suppressed"
        }
        return nil
    }
}
