// The windows of a result that has gone through other operators, as far as the plan knows them.

extension Plan {
    /// The operators whose windows a result has; none if it is not windowed. Kafka:
    /// `GraphGraceSearchUtil.findAndVerifyWindowGrace`.
    package func windowOperators(of id: PlanNode.ID) -> [WindowOperator] {
        if let own = self[id].windowOperator { return [own] }
        return self[id].parents.reduce(into: []) { found, parent in
            for one in windowOperators(of: parent) where !found.contains(one) { found.append(one) }
        }
    }

    /// The reason why it cannot be known when a windowed result is final; `nil` if it can be known.
    package func problemOfFinalResults(of id: PlanNode.ID) -> String? {
        if self[id].windowOperator != nil { return nil }
        let windowed = self[id].parents.filter { !windowOperators(of: $0).isEmpty }
        if windowed.isEmpty { return nil }
        if ownSource(of: id) != nil {
            return
                "\(self[id].name) gets its windows through a topic, from tasks each of which closes them at its own time"
        }
        if case .none = self[id].values {
        } else if windowed.count < self[id].parents.count {
            return "\(self[id].name) joins windows with a table whose changes no window ends"
        } else if windowed.count > 1, let held = windowed.lazy.compactMap({ held(upstreamOf: $0) }).first {
            return "\(self[id].name) joins windows that \(held) holds back; suppress them once, downstream of the join"
        }
        return windowed.lazy.compactMap { problemOfFinalResults(of: $0) }.first
    }

    /// Returns an operator upstream that holds windowed results back.
    private func held(upstreamOf id: PlanNode.ID) -> String? {
        if self[id].windowOperator != nil { return nil }
        if self[id].values.isBuffered { return self[id].name }
        return self[id].parents.lazy.compactMap { held(upstreamOf: $0) }.first
    }

    /// Whether a windowed result is a join of others.
    package func joinsWindows(_ id: PlanNode.ID) -> Bool {
        if self[id].windowOperator != nil { return false }
        let windowed = self[id].parents.filter { !windowOperators(of: $0).isEmpty }
        return windowed.count > 1 || windowed.contains { joinsWindows($0) }
    }

    /// Requests that each change of a windowed result, and of the results it is made of, is forwarded at once. A change that
    /// waits in a cache is older than the time that its operator has reached.
    package mutating func handOnAtOnce(from id: PlanNode.ID) {
        for index in self[id].elements.indices {
            guard case .processor(var processor) = self[id].elements[index] else { continue }
            processor.store?.isCached = false
            self[id].elements[index] = .processor(processor)
        }
        guard self[id].windowOperator == nil || self[id].store == nil, ownSource(of: id) == nil else { return }
        for parent in self[id].parents where !windowOperators(of: parent).isEmpty || self[id].windowOperator != nil {
            handOnAtOnce(from: parent)
        }
    }
}
